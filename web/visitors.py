"""Whose request it is, where visitors are apart: told by a cookie that nobody can guess."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from settings import Settings, on_a_space

COOKIE = "kinora_visitor"
_KEY = "kinora.visitor"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
_DAYS = 90  # that a browser keeps it


def visitor_of(scope: Mapping[str, Any]) -> str:
    """The visitor of a request that came through `Visitors`; "" for whoever sees everything."""
    return scope.get(_KEY, "")


class Visitors:
    """Middleware that says whose a request is, and gives a cookie to who has none.

    Only a hash of the cookie gets further, and into the database: who reads that cannot become another visitor. A
    caller with the token of this machine's user sees everything, as does everybody where visitors are not apart.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._apart = settings.visitors_apart
        # A Space's page is a frame in another site's: its cookies are sent only if they are marked for that.
        where = "SameSite=None; Secure; Partitioned" if on_a_space() else "SameSite=Lax"
        self._rest = f"Max-Age={_DAYS * 86_400}; Path=/; HttpOnly; {where}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._apart or scope.get("kinora.local"):
            await self._app(scope, receive, send)
            return
        token = _token(Headers(scope=scope).get("cookie", ""))
        given = token or secrets.token_urlsafe(32)
        scope[_KEY] = hashlib.sha256(given.encode()).hexdigest()[:32]

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not token:
                MutableHeaders(scope=message).append("set-cookie", f"{COOKIE}={given}; {self._rest}")
            await send(message)

        await self._app(scope, receive, with_cookie)


def _token(cookies: str) -> str:
    """The visitor's own, "" where there is none, or none of ours."""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel and _TOKEN.fullmatch(morsel.value) else ""
