"""How often one client may do something, and which client a request comes from."""

import ipaddress
import threading
import time
from collections.abc import Mapping
from typing import Any

from settings import Settings
from web.scope import is_local

MAX_CLIENTS = 10_000
"""How many clients a limiter remembers; they take about 2 MB."""


class RateLimiter:
    """A leaky bucket for each client: `limit` actions at once, then one more every `seconds / limit` seconds.

    A `limit` of 0 means no limit. Every method may be called from any thread. Beyond MAX_CLIENTS the client that has
    been idle longest is forgotten. This is our own code because the package `limits` counts in windows of time and has
    no leaky bucket, which needs one number for each client.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._interval = seconds / limit if limit else 0.0  # seconds in which the bucket loses one action
        self._empty_at: dict[str, float] = {}  # client -> when its bucket will be empty, time.monotonic()
        self._lock = threading.RLock()

    def take(self, client: str) -> float:
        """Counts an action and returns 0; where the limit is reached, counts nothing and returns `wait_time`."""
        with self._lock:
            seconds = self.wait_time(client)
            if not seconds:
                self.count(client)
        return seconds

    def wait_time(self, client: str) -> float:
        """Seconds until the client may act again; 0 where it may act now."""
        if not self._limit:
            return 0.0
        level = max(0.0, self._empty_at.get(client, 0.0) - time.monotonic())
        return max(0.0, level - (self._limit - 1) * self._interval)

    def count(self, client: str) -> None:
        """Counts an action, also beyond the limit."""
        if not self._limit:
            return
        with self._lock:
            now = time.monotonic()
            self._empty_at[client] = max(now, self._empty_at.pop(client, now)) + self._interval  # moved to the end
            if len(self._empty_at) > MAX_CLIENTS:
                del self._empty_at[next(iter(self._empty_at))]


def submission_limiter(settings: Settings) -> RateLimiter:
    """The limit a minute for what costs time or disk: submissions, and uploads. No limit where only this machine can
    reach the page, unless `rate_limit` sets one."""
    default = 60 if settings.reachable else 0
    return RateLimiter(default if settings.rate_limit is None else settings.rate_limit, 60.0)


def client_of(scope: Mapping[str, Any]) -> str:
    """The client of an ASGI request: its address, or the /64 network for IPv6, because a client controls all of that.

    Returns "" for a request with this machine's token; its actions are not counted.
    """
    if is_local(scope):
        return ""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
