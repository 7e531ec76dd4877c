"""The page's server: how soon it serves compared with ComfyUI's, and how much memory it uses."""

import http.client
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import psutil
from playwright.sync_api import sync_playwright

from settings import PROJECT, Settings
from tools import programs
from tools.measure.figures import Figure

PAIRS = 5
TIMEOUT = 180.0  # seconds until a server that does not answer is given up
CHROMIUM = programs.chromium()


class Server:
    """A server's process, from its start. A context manager that ends it and its children."""

    def __init__(self, command: list[str], log: Path) -> None:
        """`command` holds Python's arguments; the port is appended."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = log
        with log.open("wb") as opened:
            self._started = time.perf_counter()
            self._process = subprocess.Popen(
                [sys.executable, *command, "--port", str(self.port)], cwd=PROJECT, stdout=opened, stderr=opened
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is not None:
            return
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        self._process.wait(30)
        psutil.wait_procs(children, timeout=30)  # the engine ends when its pipe closes

    def kill(self) -> None:
        """Sends SIGKILL to this process, and not to its children."""
        self._process.kill()
        self._process.wait()

    def engine(self) -> psutil.Process | None:
        """The engine's process, while there is one."""
        for child in psutil.Process(self._process.pid).children():
            try:
                if child.cmdline()[-2:] == ["-m", "backend.comfy"]:
                    return child
            except psutil.Error:  # it ended just now
                continue
        return None

    def answers(self) -> bool:
        """Whether the page is served within five seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def seconds_to_serve(self) -> float:
        """Waits for the page. Returns the seconds from the process's start to the page's HTML with status 200."""
        while time.perf_counter() - self._started < TIMEOUT and self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                if answer.status == 200 and b"<html" in answer.read():
                    return time.perf_counter() - self._started
            except OSError:  # not listening yet
                time.sleep(0.02)
            finally:
                connection.close()
        raise RuntimeError(f"a server did not serve its page: {self._log.read_text(errors='replace')[-2000:]}")

    @property
    def megabytes(self) -> float:
        """Resident memory of this process alone, without its children."""
        return psutil.Process(self._process.pid).memory_info().rss / 1e6


def measure(settings: Settings) -> Iterator[Figure]:
    """Needs the environment's KINORA_HOME to be the settings' home, and demo models that are already there."""
    yield _serving(settings)
    yield from _memory(settings)


def kinora(settings: Settings) -> Server:
    return Server(["app.py"], settings.home / "app.log")


def _comfyui(settings: Settings) -> Server:
    """ComfyUI's own main.py, without custom nodes and with an empty index.html as its page."""
    home = settings.home / "comfyui_server"
    front_end = home / "front_end"
    front_end.mkdir(parents=True, exist_ok=True)
    (front_end / "index.html").write_text("<!doctype html><html><title>ComfyUI</title></html>")
    command = [str(settings.comfyui_dir / "main.py"), "--cpu", "--disable-all-custom-nodes"]
    command += ["--base-directory", str(home), "--front-end-root", str(front_end)]
    command += ["--database-url", f"sqlite:///{home / 'comfyui.db'}"]
    return Server(command, home / "server.log")


def _serving(settings: Settings) -> Figure:
    taken: dict[Callable[[Settings], Server], list[float]] = {kinora: [], _comfyui: []}
    for _ in range(PAIRS + 1):
        for start in taken:
            with start(settings) as server:
                taken[start].append(server.seconds_to_serve())
    ours, theirs = taken[kinora][1:], taken[_comfyui][1:]  # the first start of each only warms the disk's cache
    ratio = statistics.median(first / second for first, second in zip(ours, theirs, strict=True))
    medians = f"{statistics.median(ours):.1f} s and {statistics.median(theirs):.1f} s"
    note = f"process start to the page's HTML; {PAIRS} pairs; {medians}"
    return Figure("page served, Kinora / ComfyUI", ratio, "x", 0.5, note)


def _memory(settings: Settings) -> Iterator[Figure]:
    with kinora(settings) as server, sync_playwright() as playwright:
        server.seconds_to_serve()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT * 1000)
        page.goto(f"http://127.0.0.1:{server.port}")
        page.locator("#announcement", has_text="px").wait_for()
        loaded = server.megabytes
        yield Figure(
            "page's process, page loaded", loaded, "MB", 250, "resident, in Chromium, without the engine process"
        )
        page.fill("#field-prompt textarea", "a red kite over the sea")
        page.click("#generate")
        page.locator("#video video").wait_for()
        yield Figure("page's process, after a clip", server.megabytes, "MB", 250, "made on the page, with its previews")
        browser.close()
