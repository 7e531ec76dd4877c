"""Who may come in, to the page, its files and the API alike."""

import base64
import binascii
import ipaddress
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import response
from settings import Settings

OPEN = "/api/v1/health"
SAFE = ("GET", "HEAD", "OPTIONS")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Middleware in front of everything.

    Where a user and a password are set, HTTP Basic asks for them. The token of `jobs.lock` opens everything, too:
    whoever can read it is the same person on the same machine. On loopback, a name that is not this machine's is
    refused, since a page elsewhere may have its own name lead here; and no page of another origin may change anything.
    """

    def __init__(self, app: ASGIApp, settings: Settings, token: str) -> None:
        self._app = app
        self._token = token
        self._loopback = is_loopback(settings.host)
        self._login = f"{settings.user}:{settings.password}" if settings.user and settings.password else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        local = self._has_token(headers.get("authorization", ""))
        scope["kinora.local"] = local
        status, reason = self._refusal(scope, headers, local)
        if not status:
            await self._app(scope, receive, send)
            return
        challenge = {"WWW-Authenticate": 'Basic realm="Kinora", charset="UTF-8"'} if status == 401 else None
        await response(status, reason, headers=challenge)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, local: bool) -> tuple[int, str]:
        """Status and reason; 0 where nothing speaks against it."""
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._loopback and not is_loopback(name):
            return 403, f"This Kinora answers to localhost only, not to “{name[:100]}”."
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE
        if changes and origin and urlsplit(origin).netloc != host:
            return 403, "Pages of other origins may not change anything here."
        if self._login and not local and scope["path"] != OPEN and not self._logged_in(headers):
            return 401, "A user name and a password are needed."
        return 0, ""

    def _has_token(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(token.encode(), self._token.encode())

    def _logged_in(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        try:
            decoded = base64.b64decode(given, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and secrets.compare_digest(decoded, self._login.encode())
