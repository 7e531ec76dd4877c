"""What stands in for servers elsewhere: HTTP on loopback, in a thread of the test's own process."""

import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from socketserver import BaseRequestHandler, BaseServer
from typing import Any, Self


class LoopbackServer(ThreadingHTTPServer):
    """Serves at `url`, on a free port, as long as it is entered."""

    daemon_threads = True

    def __init__(self, handler: Callable[[Any, Any, BaseServer], BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()
        self.server_close()
