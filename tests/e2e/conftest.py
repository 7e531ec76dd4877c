"""A running app and a real browser (Debian's chromium), on demo models."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from settings import PROJECT

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(path).exists()), None)
WAIT = 60_000  # ms; a run takes seconds, an engine on a busy machine up to half a minute to start
expect.set_options(timeout=20_000)  # Playwright's own 5 s are too few where all cores are busy


class Server:
    """The app as a person starts it; `program` and `settings` for the environment where it is started otherwise."""

    def __init__(self, home: Path, program: str = "app.py", **settings: str) -> None:
        self._program = program
        self._settings = {"KINORA_DEMO": "always", "KINORA_DEVICE": "cpu"} | settings
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.home = home
        self.start()

    def start(self) -> None:
        """Also once more, after its end."""
        home = self.home
        environment = os.environ | {"KINORA_HOME": str(home), "PYTHONPATH": str(PROJECT)} | self._settings
        log = (home / "app.log").open("wb")
        command = [sys.executable, self._program, "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        for _ in range(1800):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        raise AssertionError((home / "app.log").read_text())

    def engine(self) -> psutil.Process:
        (engine,) = [
            child for child in psutil.Process(self.process.pid).children() if child.cmdline()[-2:] == ["-m", "worker"]
        ]
        return engine

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("page-home"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs a Chromium; .ci/run installs Debian's")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto(server.url)
    expect(opened.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    yield opened
    context.close()
