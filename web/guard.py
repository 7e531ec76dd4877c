"""Checks on every request, before the page, its files or REST see it: where it comes from, who sends it, how often."""

import base64
import binascii
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from constants import API_PREFIX
from errors import KinoraError, RateLimitError
from host import is_loopback
from settings import Settings
from web.problems import response, retry_after
from web.rate_limit import RateLimiter, client_of, submission_limiter
from web.scope import LOCAL

OPEN = f"{API_PREFIX}/health"
"""Answered without a password, for health checks."""

SAFE = ("GET", "HEAD", "OPTIONS")
WRONG_PASSWORDS = 10  # from one client in a minute
UPLOAD = "/gradio_api/upload"  # from the page and the functions; an upload over REST counts as a submission
REMOTE_FILE = "/gradio_api/file=http"  # Gradio would fetch any public address for any client


class _RefusedError(KinoraError):
    """A request that is refused, with the HTTP status of the answer."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class _CheckMiddleware:
    """Lets `check` see each request first, and answers with a problem where `check` raises."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            try:
                self.check(scope, Headers(scope=scope))
            except _RefusedError as refusal:
                await response(refusal.status, refusal.message, refusal.headers)(scope, receive, send)
                return
            except RateLimitError as error:
                await response(429, error.message, retry_after(error.seconds), hint=error.hint)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raises _RefusedError or RateLimitError where the request must not pass."""
        raise NotImplementedError


class SameOriginMiddleware(_CheckMiddleware):
    """Refuses changes from pages on other sites and, on loopback without a password, foreign host names.

    A foreign host name on loopback is DNS rebinding: a page elsewhere lets its own name lead to this machine. Where a
    password is set, the name does not matter: such a page does not know the password, and a proxy may have any name.
    This is our own code because Starlette's TrustedHostMiddleware compares with a list of names and answers in plain
    text, while this accepts every loopback address and answers with a problem that names the host.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._loopback_only = not settings.reachable and not settings.login

    def check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self._loopback_only and not is_loopback(name):
            raise _RefusedError(403, f"This Kinora only answers requests to localhost, not to “{name[:100]}”.")
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE
        if changes and origin and urlsplit(origin).netloc != host:
            raise _RefusedError(403, "Pages from other sites may not change anything here.")


class BasicAuthMiddleware(_CheckMiddleware):
    """Asks for the user and the password by HTTP Basic, where both are set; a client that guesses has to wait.

    The token of the running instance (`jobs/work/instance_lock.py`) is accepted instead: only the same person on the
    same machine can read it. `is_local` tells such a request apart.
    """

    def __init__(self, app: ASGIApp, settings: Settings, token: str) -> None:
        super().__init__(app)
        self._token = token
        self._login = settings.login
        self._wrong_passwords = RateLimiter(WRONG_PASSWORDS, 60.0)

    def check(self, scope: Scope, headers: Headers) -> None:
        authorization = headers.get("authorization", "")
        scope[LOCAL] = self._is_token(authorization)
        if not self._login or scope[LOCAL] or scope["path"] == OPEN:
            return
        client = client_of(scope)
        if authorization:  # a request without a password is not counted: every browser sends one first
            if seconds := self._wrong_passwords.wait_time(client):
                raise RateLimitError("wrong passwords", seconds)
            if self._is_login(authorization):
                return
            self._wrong_passwords.count(client)
        challenge = {"WWW-Authenticate": 'Basic realm="Kinora", charset="UTF-8"'}
        raise _RefusedError(401, "Please log in with a user name and a password.", challenge)

    def _is_token(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and secrets.compare_digest(token.encode(), self._token.encode())

    def _is_login(self, authorization: str) -> bool:
        kind, _, encoded = authorization.partition(" ")
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        return kind.lower() == "basic" and secrets.compare_digest(decoded, self._login.encode())


class GradioFilesMiddleware(_CheckMiddleware):
    """Limits uploads by client, and keeps Gradio from fetching files from other hosts."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._uploads = submission_limiter(settings)

    def check(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        if REMOTE_FILE in path.lower():
            raise _RefusedError(403, "Kinora only serves its own files.")
        client = client_of(scope)
        if path.rstrip("/").endswith(UPLOAD) and client and (seconds := self._uploads.take(client)):
            raise RateLimitError("uploads", seconds)
