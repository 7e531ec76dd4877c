"""A small Hugging Face Hub on loopback, with the failures of the real one.

As on the real Hub, /<repo>/resolve/<revision>/<path> answers with headers and a redirect to a storage of another
host name ("localhost" here), and the storage sends the bytes and understands ranges.
"""

import contextlib
import hashlib
import re
import socket
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.loopback import LoopbackServer

COMMIT = "c0ffee" * 6 + "0123"  # 40 digits, as a real commit has


@dataclass
class Stored:
    """One file and how badly it is served."""

    data: bytes
    sent: bytes | None = None  # what the storage sends instead
    stated_size: int | None = None
    gated: bool = False  # only for the token "hf_reader"
    commit: str = COMMIT
    hub_errors: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answers before the right one
    storage_errors: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers break off
    bytes_per_second: float = 0.0  # 0 for as fast as it goes
    ignores_ranges: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    range: str | None
    token: str | None


class Hub(LoopbackServer):
    """`files` maps (repo, path) to what is stored; `requests` are all that came, in order."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.storage_url = f"http://localhost:{self.server_port}/storage"
        self.files: dict[tuple[str, str], Stored] = {}
        self.requests: list[Request] = []

    def add(self, repo: str, path: str, stored: Stored) -> Stored:
        self.files[repo, path] = stored
        return stored

    @property
    def transfers(self) -> list[Request]:
        return [request for request in self.requests if request.path.startswith("/storage")]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        assert isinstance(self.server, Hub)
        return self.server

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self):
        hub = self.hub
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        hub.requests.append(Request(self.command, self.path, self.headers.get("Range"), token))
        if self.path.startswith("/storage/"):
            return self._send_bytes(hub)
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        stored = hub.files.get((match[1], match[3])) if match else None
        if match is None or stored is None:
            return self._send(404, {"X-Error-Code": "EntryNotFound"})
        if stored.gated and token != "hf_reader":
            return self._send(403 if token else 401, {"X-Error-Code": "GatedRepo"})
        if stored.hub_errors:
            return self._send(*stored.hub_errors.pop(0))
        if match[2] not in ("main", stored.commit):
            return self._send(404, {"X-Error-Code": "RevisionNotFound"})
        return self._send(
            302,
            {
                "Location": f"{hub.storage_url}/{match[1]}/{match[3]}",
                "X-Repo-Commit": stored.commit,
                "X-Linked-Etag": f'"{stored.sha256}"',
                "X-Linked-Size": str(stored.stated_size or len(stored.data)),
            },
        )

    def _send_bytes(self, hub):
        owner, name, path = self.path.removeprefix("/storage/").split("/", 2)
        stored = hub.files[f"{owner}/{name}", path]
        if stored.storage_errors:
            return self._send(*stored.storage_errors.pop(0))
        data = stored.data if stored.sent is None else stored.sent
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and not stored.ignores_ranges else 0
        headers = {"Content-Length": str(len(data) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if start else 200, headers)
        body = data[start:]
        cut = stored.cuts.pop(0) if stored.cuts else None
        self._stream(body if cut is None else body[:cut], stored.bytes_per_second)
        if cut is not None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        return None

    def _stream(self, body, bytes_per_second):
        block = max(1, int(bytes_per_second / 50)) if bytes_per_second else len(body)
        with contextlib.suppress(ConnectionError):  # the client may leave when it likes
            for start in range(0, len(body), block or 1):
                self.wfile.write(body[start : start + block])
                self.wfile.flush()
                if bytes_per_second:
                    time.sleep(0.02)

    def _send(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", "0")
        self.end_headers()
