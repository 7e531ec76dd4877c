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
from urllib.parse import urlsplit

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


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Page:
    return browser.new_page()


@pytest.fixture
def window(tab: Page) -> Iterator[Page]:
    """An empty window of a browser that was never at Kinora before.

    It is the same one for all tests: in a new one the browser compiles all of the page's scripts, which takes longer
    than most tests.
    """
    tab.set_viewport_size({"width": 1440, "height": 900})
    yield tab
    been = urlsplit(tab.url)
    tab.unroute_all()
    tab.set_extra_http_headers({})
    tab.goto("about:blank")
    tab.context.clear_permissions()
    visited = {"origin": f"{been.scheme}://{been.netloc}", "storageTypes": "local_storage,cookies"}
    tab.context.new_cdp_session(tab).send("Storage.clearDataForOrigin", visited)


@pytest.fixture
def page(server: Server, window: Page) -> Page:
    window.goto(server.url)
    expect(window.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    return window
