"""The API's own document, tried in all ways that it allows and many that it does not: never a 500."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.api_server import serving

from jobs import JobQueue
from settings import Settings


@pytest.mark.everything
def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    queue = JobQueue(Settings(home=tmp_path / "home", device="cpu", demo="always"))
    with serving(queue) as client:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{client.base_url}openapi.json"]
        options = ["--checks=not_a_server_error", "--max-examples=25", "--phases=coverage,fuzzing"]
        options += ["--exclude-path-regex=events$", "--generation-deterministic", "--no-color"]  # streams do not end
        done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert re.search(r"(\d{3,}) generated, \1 passed", done.stdout), done.stdout[-2000:]
