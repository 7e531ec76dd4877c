"""The API as it is served: uvicorn on loopback, over a queue whose engine is not started."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import uvicorn

import api
from jobs import JobQueue


@contextmanager
def serving(queue: JobQueue, **headers: str) -> Iterator[httpx2.Client]:
    """A client of the real server."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:  # as app.py does
        listening.bind(("127.0.0.1", 0))
        proxies = queue.settings.trusted_proxies
        options = {"log_level": "warning", "ws": "none", "timeout_graceful_shutdown": 1, "forwarded_allow_ips": proxies}
        config = uvicorn.Config(api.create(queue), **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60) as client:
            while not server.started:
                thread.join(0.01)
            yield client
        server.should_exit = True
        thread.join(10)
