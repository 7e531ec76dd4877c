"""Starting the app where it cannot work: told in words, with an exit code, before anything is begun."""

import contextlib
import os
import socket
import subprocess
import sys
import time

import httpx2
import pytest

import app
from settings import PROJECT


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"KINORA_PORT": "0", **changes}
    return subprocess.run([sys.executable, "app.py"], cwd=PROJECT, env=environment, capture_output=True, text=True)


def answered(url: str) -> httpx2.Response:
    """What the app says as soon as it does."""
    for _ in range(300):
        with contextlib.suppress(httpx2.ConnectError):
            return httpx2.get(url, timeout=60)
        time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")])
def test_the_address_can_be_opened_also_where_the_host_is_an_ipv6_one(host: str, address: str) -> None:
    assert app.address(host, 80) == address


def test_a_folder_that_cannot_be_written_to_is_named_with_the_setting():
    """As a container's volume that belongs to somebody else."""
    ended = start(KINORA_HOME="/dev/null/kinora")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Kinora cannot write to /dev/null/kinora: ")
    assert "KINORA_HOME" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_on_a_space_importing_the_file_is_enough_and_its_frame_and_cookies_work_there(tmp_path):
    """The hub may import app.py and look for a page in it, without running it as a program."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    space = {"SPACE_ID": "somebody/kinora", "KINORA_HOME": str(tmp_path), "KINORA_PORT": str(port)}
    environment = os.environ | {"KINORA_DEVICE": "cpu", "KINORA_DEMO": "always"} | space
    command = [sys.executable, "-c", "import app"]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = next(line for line in process.stdout or () if line.startswith("Kinora runs at"))
            answer = answered(f"http://127.0.0.1:{port}/api/v1/health")
        finally:
            process.terminate()
    assert line.startswith(f"Kinora runs at http://0.0.0.0:{port}")
    assert answer.status_code == 200  # without a password: a Space is for everybody
    assert "SameSite=None; Secure; Partitioned" in answer.headers["set-cookie"]
    assert "frame-ancestors 'self' https://huggingface.co" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers
