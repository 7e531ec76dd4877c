"""Who may come in, to the page, its files and the API alike."""

import base64
import binascii
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from errors import KinoraError, TooOftenError
from settings import Settings, is_loopback
from web.problems import response, retry_after
from web.rate_limit import Limiter, client_of, per_minute

OPEN = "/api/v1/health"
SAFE = ("GET", "HEAD", "OPTIONS")
WRONG_PASSWORDS = 10  # of one client in a minute
UPLOAD = "/gradio_api/upload"  # of the page and of the functions; what comes over REST is a submission
ELSEWHERE = "/gradio_api/file=http"  # Gradio would fetch any public address for any caller


class _RefusedError(KinoraError):
    """A status beside the sentence."""

    def __init__(self, status: int, message: str, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, hint)
        self.status = status
        self.headers = headers


class Guard:
    """Middleware in front of everything.

    Where a user and a password are set, HTTP Basic asks for them; who tries too many is made to wait. The token of
    `jobs.lock` opens everything, too: whoever can read it is the same person on the same machine. Where nobody else can
    reach the page and no password is asked for, a name that is not this machine's is refused, since a page elsewhere
    may have its own name lead here; and no page of another origin may change anything.
    """

    def __init__(self, app: ASGIApp, settings: Settings, token: str) -> None:
        self._app = app
        self._token = token
        self._login = settings.login
        # A page elsewhere does not know the password; and a proxy with a name of its own may stand before loopback.
        self._only_here = not settings.reachable and not self._login
        self._wrong = Limiter(WRONG_PASSWORDS, 60.0)
        self._uploads = per_minute(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["kinora.local"] = self._has_token(headers.get("authorization", ""))
        try:
            self._check(scope, headers)
        except _RefusedError as refusal:
            told = response(refusal.status, refusal.message, refusal.headers, hint=refusal.hint)
            await told(scope, receive, send)
            return
        except TooOftenError as error:
            await response(429, error.message, retry_after(error.seconds), hint=error.hint)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raises what speaks against the request."""
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._only_here and not is_loopback(name):
            raise _RefusedError(403, f"This Kinora answers to localhost only, not to “{name[:100]}”.")
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE
        if changes and origin and urlsplit(origin).netloc != host:
            raise _RefusedError(403, "Pages of other origins may not change anything here.")
        path = scope["path"]
        if self._login and not scope["kinora.local"] and path != OPEN:
            self._log_in(scope, headers.get("authorization", ""))
        if ELSEWHERE in path.lower():
            raise _RefusedError(403, "Kinora serves files of its own only.")
        if path.rstrip("/").endswith(UPLOAD) and (client := client_of(scope)):
            _refuse("Files were uploaded", self._uploads.take(client))

    def _log_in(self, scope: Scope, authorization: str) -> None:
        """Without a password nothing is counted: so every browser asks first."""
        client = client_of(scope)
        if authorization:
            _refuse("Wrong passwords were given", self._wrong.wait(client))
            if self._is_login(authorization):
                return
            self._wrong.count(client)
        challenge = {"WWW-Authenticate": 'Basic realm="Kinora", charset="UTF-8"'}
        raise _RefusedError(401, "A user name and a password are needed.", headers=challenge)

    def _has_token(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(token.encode(), self._token.encode())

    def _is_login(self, authorization: str) -> bool:
        kind, _, given = authorization.partition(" ")
        try:
            decoded = base64.b64decode(given, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and secrets.compare_digest(decoded, self._login.encode())


def _refuse(what: str, seconds: float) -> None:
    if seconds:
        raise TooOftenError(what, seconds)
