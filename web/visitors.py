"""Which visitor sends a request, where visitors are kept apart: a cookie that nobody can guess says so."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host import on_a_space
from settings import Settings
from web.scope import is_local

COOKIE = "kinora_visitor"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
_KEY = "kinora.visitor"  # in the request's scope
_DAYS = 90
"""How long a browser keeps the cookie."""


def visitor_of(scope: Mapping[str, Any]) -> str:
    """The visitor of a request that passed `VisitorCookieMiddleware`; "" for a caller who may see everything."""
    return scope.get(_KEY, "")


class VisitorCookieMiddleware:
    """Recognises each visitor by a cookie, and gives a cookie to a browser that has none.

    Only a hash of the cookie is passed on and stored, so that nobody who reads the database can become another visitor.
    A caller with this machine's token may see everything, as may everybody where visitors are not kept apart.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._apart = settings.visitors_apart
        # A Space's page is a frame in another site: browsers send its cookies only with these attributes.
        same_site = "SameSite=None; Secure; Partitioned" if on_a_space() else "SameSite=Lax"
        self._attributes = f"Max-Age={_DAYS * 86_400}; Path=/; HttpOnly; {same_site}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._apart or is_local(scope):
            await self._app(scope, receive, send)
            return
        known = _cookie_value(Headers(scope=scope).get("cookie", ""))
        value = known or secrets.token_urlsafe(32)
        scope[_KEY] = hashlib.sha256(value.encode()).hexdigest()[:32]

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not known:
                MutableHeaders(scope=message).append("set-cookie", f"{COOKIE}={value}; {self._attributes}")
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _cookie_value(cookies: str) -> str:
    """The value of Kinora's cookie; "" where there is none, or one that Kinora did not make."""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel and _VALUE.fullmatch(morsel.value) else ""
