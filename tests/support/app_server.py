"""The app as a person starts it, in a process of its own, and what a test waits for."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from settings import PROJECT

WAIT = 60_000  # ms; a run takes seconds, ComfyUI on a busy machine up to half a minute to start
COMFY = "app.py"
SCRIPTED = "tests/support/scripted_app.py"
ENGINES = ("backend.comfy", "support.scripted_engine")


class Server:
    """The app of a program, by default the one with the scripted engine. `settings` are for its environment."""

    def __init__(self, home: Path, program: str = SCRIPTED, **settings: str) -> None:
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
            child
            for child in psutil.Process(self.process.pid).children()
            if child.cmdline()[-2:-1] == ["-m"] and child.cmdline()[-1] in ENGINES
        ]
        return engine

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
