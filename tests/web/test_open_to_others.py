"""Kinora lets others in only with a password, or where it was told explicitly that it needs none."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app
from settings import PROJECT, Settings

OFFLINE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:1")


@pytest.mark.parametrize("login", [{}, {"user": "ada"}, {"password": "lovelace"}, {"user": "ada", "password": ""}])
@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"host": "0.0.0.0"}, "Listening on 0.0.0.0 lets others in."),
        ({"host": "::"}, "Listening on :: lets others in."),
        ({"host": "192.168.0.7"}, "Listening on 192.168.0.7 lets others in."),
        ({"share": True}, "A public link lets others in."),
    ],
)
def test_without_a_password_kinora_does_not_open_to_others(
    home: Path, capsys: pytest.CaptureFixture[str], given: dict[str, Any], what: str, login: dict[str, Any]
) -> None:
    with pytest.raises(SystemExit) as ended:
        app.serve(Settings(**given, **login))
    printed = capsys.readouterr().err
    assert ended.value.code == 2
    assert printed.startswith(what)
    assert "KINORA_PASSWORD" in printed
    assert "--without-password" in printed
    assert not home.exists()


def test_it_listens_to_others_when_asked_explicitly_and_a_failed_public_link_does_not_stop_it(tmp_path: Path) -> None:
    environment = os.environ | OFFLINE | {"KINORA_HOME": str(tmp_path), "KINORA_DEMO": "always", "KINORA_DEVICE": "cpu"}
    command = [sys.executable, "app.py", "--port", "0", "--host", "0.0.0.0", "--without-password", "--share"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Kinora runs at http://0.0.0.0:")
        line = process.stderr.readline()
        assert line.startswith("Kinora could not get a public link: Gradio's share servers did not provide one.")
        assert "use --host" in line
        assert process.poll() is None
        process.terminate()
