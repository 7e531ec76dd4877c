"""Tasks: lists, details of one, and actions."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Cursor, Limit, Queue, Search, Statuses, TaskId
from errors import InvalidInputError
from jobs import STATUSES, ActionResult, Selection, TaskDetail, TaskPage
from jobs.types import MAX_ID, MAX_PRIORITY, MIN_PRIORITY

router = APIRouter(prefix="/tasks")


class Retry(BaseModel):
    selection: Selection
    new_seeds: bool = False


class Prioritise(BaseModel):
    selection: Selection
    priority: int = Field(ge=MIN_PRIORITY, le=MAX_PRIORITY)


@router.get("")
def tasks(
    queue: Queue,
    status: Statuses = None,
    job: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    search: Search = "",
    limit: Limit = 50,
    cursor: Cursor = None,
    ids: Annotated[str | None, Query(max_length=5000, description="Only these, as 1,2,3")] = None,
) -> TaskPage:
    """Lists tasks: running, failed, queued in the order they will run, then the others, newest first."""
    if ids is not None:
        found = queue.summaries(_numbers(ids))
        return TaskPage(tasks=found, total=len(found), next=None)
    return queue.tasks([each for each in STATUSES if not status or each in status], job, search, limit, cursor)


@router.get("/{task}")
def task(task: TaskId, queue: Queue) -> TaskDetail:
    """Everything about a task."""
    return queue.task(task)


@router.post("/cancel")
def cancel(selection: Selection, queue: Queue) -> ActionResult:
    """Cancels queued tasks at once. Running tasks are asked to stop and count as pending until they have stopped."""
    return queue.cancel(selection)


@router.post("/retry")
def retry(ask: Retry, queue: Queue) -> ActionResult:
    """Queues failed and cancelled tasks again, in place."""
    return queue.retry(ask.selection, ask.new_seeds)


@router.post("/front")
def front(selection: Selection, queue: Queue) -> ActionResult:
    """Moves queued tasks before all others."""
    return queue.move_to_front(selection)


@router.post("/priority")
def priority(ask: Prioritise, queue: Queue) -> ActionResult:
    """Gives queued tasks another priority."""
    return queue.set_priority(ask.selection, ask.priority)


def _numbers(text: str) -> list[int]:
    try:
        found = [int(each) for each in text.split(",") if each.strip()]
    except ValueError:
        found = [-1]
    if any(not 0 < each <= MAX_ID for each in found):
        raise InvalidInputError("Write ids as 1,2,3.", "ids")
    return found
