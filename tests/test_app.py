"""Starting the app where it cannot work: told in words, with an exit code, before anything is begun."""

import os
import subprocess
import sys

from settings import PROJECT


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"KINORA_PORT": "0", **changes}
    return subprocess.run([sys.executable, "app.py"], cwd=PROJECT, env=environment, capture_output=True, text=True)


def test_a_folder_that_cannot_be_written_to_is_named_with_the_setting():
    """As a container's volume that belongs to somebody else."""
    ended = start(KINORA_HOME="/dev/null/kinora")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Kinora cannot write to /dev/null/kinora: ")
    assert "KINORA_HOME" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_being_open_to_others_without_a_password_is_refused(tmp_path):
    ended = start(KINORA_HOME=str(tmp_path), KINORA_HOST="0.0.0.0")
    assert ended.returncode == 2
    assert "Set KINORA_USER and KINORA_PASSWORD" in ended.stderr
