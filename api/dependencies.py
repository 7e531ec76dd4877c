"""What the routes share."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request

from errors import ForbiddenError
from jobs import Caller, CallerQueue, JobQueue, Status
from jobs.types import MAX_ID
from web.rate_limit import client_of
from web.scope import is_local
from web.visitors import visitor_of


def get_queue(request: Request) -> CallerQueue:
    """The queue as the caller may see and change it."""
    queue: JobQueue = request.app.state.queue
    if is_local(request.scope):
        return CallerQueue(queue)
    caller = Caller(visitor_of(request.scope), client_of(request.scope), queue.settings.uploads_dir)
    return CallerQueue(queue, caller)


def get_submitting_queue(request: Request) -> CallerQueue:
    """Raises ForbiddenError where there are no background workers (ZeroGPU): there a task runs in the context of its
    visitor's own request."""
    queue = get_queue(request)
    if queue.settings.zerogpu:
        raise ForbiddenError(
            "On this Space, the GPU is lent to the visitor who watches the clip being generated.",
            hint="Use the page, or Gradio's client at /functions/.",
        )
    return queue


SubmittingQueue = Annotated[CallerQueue, Depends(get_submitting_queue)]
Queue = Annotated[CallerQueue, Depends(get_queue)]
TaskId = Annotated[int, Path(ge=1, le=MAX_ID)]
JobId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many to return")]
Cursor = Annotated[str | None, Query(max_length=100, description="`next` of the previous page")]
Search = Annotated[str, Query(max_length=200, pattern="^[^\\x00]*$")]
Statuses = Annotated[list[Status] | None, Query(description="Can be repeated; by default all")]


def storable(value: Any) -> Any:
    """The value without what no database stores: null characters and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(name): storable(each) for name, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list) else value
