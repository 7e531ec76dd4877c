"""Passwords and tokens appear in no log, on no screen, in no answer and in no error's details."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from support.hub_server import Hub, Stored
from typer.testing import CliRunner

import app
import cli
from models import registry
from settings import PROJECT, Settings

PASSWORD = "pw-4f1c0b7e9a"
TOKEN = "hf_7d2e9c41f0b8"
KEY = "s3-9b0e3d7c5a"
DATABASE = "db-2c8f6e1a4d"
SECRETS = {
    "KINORA_USER": "ada",
    "KINORA_PASSWORD": PASSWORD,
    "HF_TOKEN": TOKEN,
    "AWS_SECRET_ACCESS_KEY": KEY,
}
WITHOUT_GPU = {"KINORA_DEMO": "never", "KINORA_DEVICE": "cpu", "HF_HUB_DISABLE_TELEMETRY": "1"}
WAIT = 120.0  # seconds


def secrets_in(text: str, home: Path) -> list[str]:
    """The secrets that a text contains, the token of the running instance among them."""
    file = home / "kinora.json"
    lock = [json.loads(file.read_text())["token"]] if file.is_file() else []
    return [each for each in (PASSWORD, TOKEN, KEY, DATABASE, *lock) if each in text]


@contextmanager
def running(home: Path, **environment: str) -> Iterator[tuple[str, Path]]:
    """Kinora's address, and the file with everything that it prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    printed = home / "printed.log"
    command = [sys.executable, "app.py", "--port", str(port)]
    given = os.environ | WITHOUT_GPU | {"KINORA_HOME": str(home)} | environment
    with printed.open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=given, stdout=log, stderr=log)
    deadline = time.monotonic() + WAIT
    while "Kinora runs" not in printed.read_text():
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < deadline, printed.read_text()
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", printed
    process.terminate()
    process.wait(30)


@pytest.mark.everything
def test_a_run_that_fails_in_every_way_reveals_no_secret(tmp_path: Path) -> None:
    with Hub() as hub:
        for file in registry.read():
            if file.repo:
                hub.add(file.repo, file.path, Stored(b"x" * 10, gated=True))
        with running(tmp_path, HF_ENDPOINT=hub.url, **SECRETS) as (url, printed):
            with httpx2.Client(base_url=url, timeout=WAIT) as client:
                bodies = [client.get("/", auth=("ada", "no")).text, client.get("/config", auth=("ada", "no")).text]
                client.auth = ("ada", PASSWORD)
                asked = {"mode": "t2v", "values": {"prompt": "a kite"}, "tries": 1}
                job = client.post("/api/v1/jobs", json=asked).json()["id"]
                client.post("/gradio_api/queue/join", json={"fn_index": 0, "data": ["x"], "session_hash": "s"})
                client.get("/api/v1/tasks/1/outputs/%00")
                deadline = time.monotonic() + WAIT
                while not (counts := client.get(f"/api/v1/jobs/{job}").json()["counts"])["failed"]:
                    assert time.monotonic() < deadline, counts
                    time.sleep(0.2)
                (task,) = client.get("/api/v1/tasks", params={"job": job}).json()["tasks"]
                places = [f"tasks/{task['id']}", "queue", "jobs", "modes", "openapi.json"]
                bodies += [client.get(f"/api/v1/{place}").text for place in places]
                bodies += [client.get(place).text for place in ("/", "/config", "/functions/config")]
            assert "The token in use may not read" in bodies[2]
            assert any(request.token == TOKEN for request in hub.requests)  # it was used
            assert not [found for body in bodies for found in secrets_in(body, tmp_path)]
            for log in (printed, *(tmp_path / "logs").iterdir()):
                assert not secrets_in(log.read_text(errors="replace"), tmp_path), log
            _no_secret_reaches_the_engine(tmp_path)


def _no_secret_reaches_the_engine(home: Path) -> None:
    pid = json.loads((home / "kinora.json").read_text())["pid"]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        assert not secrets_in(Path(f"/proc/{child}/environ").read_text(errors="replace"), home)
        assert not secrets_in(Path(f"/proc/{child}/cmdline").read_text(), home)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+psycopg://kinora:{DATABASE}@127.0.0.1:1/kinora?connect_timeout=2",
        f"postgresql+psycopg://kinora:{DATABASE}@127.0.0.1:port/kinora",
        f"nosuch://kinora:{DATABASE}@127.0.0.1/kinora",
        f"kinora:{DATABASE}@127.0.0.1",
    ],
)
def test_an_unreachable_database_is_reported_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.setenv("KINORA_DATABASE", address)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(home))  # which `serve` sets
    with pytest.raises(SystemExit) as ended:
        app.serve(Settings(port=0))
    assert ended.value.code == 1
    printed = capsys.readouterr()
    listed = CliRunner().invoke(cli.app, ["list"])
    assert listed.exit_code == 1
    assert "database" in printed.err
    assert not secrets_in(printed.out + printed.err + listed.output, home)


def test_settings_are_listed_without_secrets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SECRETS | {"KINORA_DATABASE": f"sqlite://x:{DATABASE}@/y"}).items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(cli.app, ["settings"]).output
    assert "KINORA_PASSWORD = (set)" in shown
    assert "KINORA_DATABASE = (set)" in shown
    settings = Settings()
    assert not secrets_in(shown + repr(settings) + str(settings.model_dump()) + settings.model_dump_json(), home)


def test_a_mistyped_setting_is_reported_without_its_value(home: Path) -> None:
    home.mkdir()
    (home / "kinora.toml").write_text(f'pasword = "{PASSWORD}"\n')
    with pytest.raises(ValueError, match="pasword") as wrong:
        Settings()
    assert not secrets_in(str(wrong.value), home)
