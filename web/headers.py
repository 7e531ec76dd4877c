"""What browsers are told to refuse, on every answer: page, REST and files alike."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from settings import on_a_space

# A Space's page is shown in a frame of the hub's.
_FRAMES = "'self' https://huggingface.co https://*.hf.space" if on_a_space() else "'self'"

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio's page has its configuration in a script of its own, and makes functions of our handlers' texts.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
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
"""Nothing is fetched from, sent to or framed by anybody else."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
} | ({} if on_a_space() else {"X-Frame-Options": "SAMEORIGIN"})


class SecurityHeaders:
    """Middleware that adds them; a route's own stay as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
