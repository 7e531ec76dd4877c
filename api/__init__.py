"""The REST API under /api/v1, beside the page. Routes parse, call one method of `CallerQueue` and return its record."""

from fastapi import APIRouter, FastAPI

from api import events, files, modes, submit, tasks
from api import queue as queue_routes
from constants import API_PREFIX
from errors import NotFoundError
from jobs import JobQueue
from settings import VERSION
from web import problems
from web.middleware import protect

fallback = APIRouter(include_in_schema=False)


def create(queue: JobQueue) -> FastAPI:
    """The server, to which the page is added; whoever reaches it has passed the guard."""
    app = FastAPI(
        title="Kinora",
        version=VERSION,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # it would fetch scripts from elsewhere
        redoc_url=None,
        responses={422: {"model": problems.ProblemDetails}, 404: {"model": problems.ProblemDetails}},
    )
    app.state.queue = queue
    for routes in (queue_routes, modes, submit, tasks, files, events):
        app.include_router(routes.router, prefix=API_PREFIX)
    app.include_router(fallback, prefix=API_PREFIX)
    protect(app, queue.settings, queue.lock.token)
    return app


@fallback.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def _api_not_found(rest: str) -> None:
    """Without this, Gradio answers unknown API paths with HTML."""
    raise NotFoundError(f"There is no {API_PREFIX}/{rest[:200]}, or it does not accept this method.")
