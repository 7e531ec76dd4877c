"""All middleware that stands before the page and REST, in its order."""

from fastapi import FastAPI

from settings import Settings
from web import problems
from web.guard import BasicAuthMiddleware, GradioFilesMiddleware, SameOriginMiddleware
from web.headers import SecurityHeadersMiddleware
from web.visitors import VisitorCookieMiddleware


def protect(app: FastAPI, settings: Settings, token: str) -> None:
    """Adds all of it to the server. `token` lets in this machine's user; see `BasicAuthMiddleware`."""
    problems.install(app)
    # A middleware that is added later sees a request earlier.
    app.add_middleware(VisitorCookieMiddleware, settings=settings)
    app.add_middleware(GradioFilesMiddleware, settings=settings)
    app.add_middleware(BasicAuthMiddleware, settings=settings, token=token)
    app.add_middleware(SameOriginMiddleware, settings=settings)
    app.add_middleware(SecurityHeadersMiddleware)
