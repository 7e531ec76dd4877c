"""The security headers of every answer: page, REST and files alike."""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host import on_a_space

# The Hub shows a Space's page in a frame.
_FRAMES = "'self' https://huggingface.co https://*.hf.space" if on_a_space() else "'self'"
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def page_policy(*inline_scripts: bytes) -> str:
    """The Content-Security-Policy of a Gradio page that may contain exactly these inline scripts.

    The page loads nothing from other hosts, sends nothing to them, and cannot be framed by them.
    """
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}'" for each in inline_scripts]
    return "; ".join(
        (
            "default-src 'self'",
            # Gradio makes functions from the text of its events' and components' JavaScript.
            " ".join(["script-src 'self' 'unsafe-eval'", *hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {_FRAMES}",
        )
    )


STRICT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "media-src 'self'",
        "style-src 'unsafe-inline'",  # browsers style an image, a clip or a text that is opened directly
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {_FRAMES}",
    )
)
"""For REST, scripts and files: what is opened directly at such an address may not run a script."""

OUTSIDE_FILE_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""For the files of tasks, which may come from outside: they must not run as a page of ours when somebody opens them."""

_STRICT_PATHS = re.compile(r"^/(api|scripts)/|/gradio_api/file")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
} | ({} if on_a_space() else {"X-Frame-Options": "SAMEORIGIN"})


class SecurityHeadersMiddleware:
    """Middleware that adds these headers to every answer. Headers that a route sets itself stay as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._page_policy = page_policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = STRICT_POLICY if _STRICT_PATHS.search(scope["path"]) else self._page_policy
                for name, value in {"Content-Security-Policy": policy, **_HEADERS}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class InlineScriptPolicyMiddleware:
    """Middleware inside a Gradio app: its page may run the scripts that Gradio wrote into it, and no others.

    Gradio writes its configuration into the page as a script that differs from page to page, so this searches the
    answer itself. It contains no script of Kinora's. Only the page gets such a policy: an uploaded file must not
    allow its own scripts.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def with_policy(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            policy = page_policy(*_INLINE_SCRIPT.findall(body))
            MutableHeaders(scope=start)["Content-Security-Policy"] = policy
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, with_policy)
