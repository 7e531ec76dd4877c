"""How often one client may do something, and which client a request is from."""

import ipaddress
import threading
import time
from collections.abc import Mapping
from typing import Any

from settings import Settings

MOST_CLIENTS = 10_000  # that are remembered: about 2 MB


class Limiter:
    """At most `most` at once, and as many more in each `seconds`; 0 for no limit. May be used from any thread.

    Each client has a bucket that fills by one with everything it does and runs dry at a steady rate. The longest unused
    ones are forgotten first.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._each = seconds / most if most else 0.0  # seconds in which one runs out again
        self._full_until: dict[str, float] = {}  # client -> when its bucket will be dry, time.monotonic()
        self._lock = threading.RLock()

    def wait(self, client: str) -> float:
        """Seconds until the client may do one more; 0 where it may now."""
        if not self._most:
            return 0.0
        level = max(0.0, self._full_until.get(client, 0.0) - time.monotonic())
        return max(0.0, level - (self._most - 1) * self._each)

    def count(self, client: str) -> None:
        if not self._most:
            return
        with self._lock:
            now = time.monotonic()
            self._full_until[client] = max(now, self._full_until.pop(client, now)) + self._each  # now the newest
            if len(self._full_until) > MOST_CLIENTS:
                del self._full_until[next(iter(self._full_until))]

    def take(self, client: str) -> float:
        """Counts one more where that may be; else says as `wait` does how long it will be."""
        with self._lock:
            seconds = self.wait(client)
            if not seconds:
                self.count(client)
        return seconds


def per_minute(settings: Settings) -> Limiter:
    """Of what costs something: submissions, uploads. Where nobody else can reach the page, there is no limit."""
    most = settings.rate_limit
    return Limiter((60 if settings.reachable else 0) if most is None else most, 60.0)


def client_of(scope: Mapping[str, Any]) -> str:
    """The address a request comes from, of IPv6 the network, since one client has all of that. "" for whoever showed
    this machine's token: nothing of theirs is counted."""
    if scope.get("kinora.local"):
        return ""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
