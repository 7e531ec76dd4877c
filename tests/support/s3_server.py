"""A small S3 on loopback: objects in memory, put, read and deleted by whoever signs with the right key's name."""

import hashlib
import re
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.loopback import LoopbackServer

KEY, SECRET = "AKIAKINORATEST", "not-in-any-log-3f1c"


class Store(LoopbackServer):
    """`objects` by bucket and key as in an address; `requests` are all that came: method and object."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def count(self, method: str, place: str) -> int:
        return sum(which == method and f"/{place}/" in name for which, name in self.requests)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if store := self._allowed():
            store.objects[self.path] = data  # a part of a large one has its number in the path
            self._send(200, b"", data)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if store := self._allowed():
            data = store.objects.get(self.path)
            self._send(404, b"<Error/>") if data is None else self._send(200, data, data)

    def do_POST(self):
        """Many deleted at once, and a large one begun or put together."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not (store := self._allowed()):
            return
        path, _, asked = self.path.partition("?")
        if asked == "delete":
            keys = re.findall("<Key>(.*?)</Key>", body)
            for key in keys:
                store.objects.pop(f"{path}/{key}", None)
            deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self._send(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())
        elif asked == "uploads=":
            answer = "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            self._send(200, answer.encode())
        else:
            numbers = re.findall("<PartNumber>(.*?)</PartNumber>", body)
            parts = [store.objects.pop(f"{path}?partNumber={number}&{asked}") for number in numbers]
            store.objects[path] = b"".join(parts)
            answer = "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>"
            self._send(200, answer.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _allowed(self) -> Store | None:
        store = self.server
        assert isinstance(store, Store)
        store.requests.append((self.command, self.path))
        if re.match(rf"AWS4-HMAC-SHA256 Credential={KEY}/", self.headers.get("Authorization", "")):
            return store
        self._send(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
        return None

    def _send(self, status: int, body: bytes, stored: bytes | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", formatdate(usegmt=True))
        if stored is not None:
            self.send_header("ETag", f'"{hashlib.md5(stored).hexdigest()}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
