"""A scheduler as ZeroGPU has one, over HTTP on loopback: grants, refuses, and takes a GPU back."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.loopback import LoopbackServer


class Scheduler(LoopbackServer):
    """`answers` is what the next calls get: "grant" (when empty), "quota", "illegal", "none", or "abort"."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.answers: list[str] = []
        self.abort: set[str] = set()
        self.idle = False  # whether the worker of the run before may go on

    def asked(self, path: str) -> list[dict[str, str]]:
        return [parameters for each, parameters in self.calls if each == path]


class _Handler(BaseHTTPRequestHandler):
    @property
    def scheduler(self) -> Scheduler:
        assert isinstance(self.server, Scheduler)
        return self.server

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        parameters = dict(parse_qsl(url.query))
        self.scheduler.calls.append((url.path, parameters))
        if url.path == "/schedule":
            self._schedule()
        elif url.path == "/release":
            self.scheduler.idle = parameters["fail"] == "false"
            self._send(200, {})
        elif url.path == "/allow" and parameters["allowToken"] in self.scheduler.abort:
            self._send(200, {})
            threading.Timer(0.5, os.kill, (int(parameters["pid"]), signal.SIGKILL)).start()
        else:
            self._send(200, {})

    def _schedule(self) -> None:
        token = f"token-{len(self.scheduler.calls)}"
        answer = self.scheduler.answers.pop(0) if self.scheduler.answers else "grant"
        if answer == "quota":
            self._send(429, {"left": 3, "wait": "PT2H"})
        elif answer == "illegal":
            self._send(429, {"left": 3, "wait": "-PT1S"})
        elif answer == "none":
            self._send(503, {})
        else:
            if answer == "abort":
                self.scheduler.abort.add(token)
            grant = {"idle": self.scheduler.idle, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": token}
            self._send(200, grant)

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""
