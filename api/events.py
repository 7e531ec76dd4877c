"""What happens, as server-sent events. A stream costs no thread while nothing happens."""

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.common import Queue, TaskId
from events import EVENT_NAMES, FINAL, Event, Preview
from jobs import CallerQueue

router = APIRouter()
EVERY = 0.5  # seconds: no oftener than a person can read
PING = 15.0  # seconds of silence after which a comment shows that the stream lives
MOST_ROWS = 500  # in one message; a list that shows others asks for them


@router.get("/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def all_events(request: Request, queue: Queue) -> StreamingResponse:
    """`state` is the queue's state, `tasks` the rows of tasks that have changed, `engine` what the engine does."""
    return _stream(_changes(request, queue))


@router.get(
    "/tasks/{task}/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def task_events(task: TaskId, request: Request, queue: Queue) -> StreamingResponse:
    """A task's events from the first that still matters to its last: queued, download, phase, notice, output, failed,
    cancelled."""
    await run_in_threadpool(queue.task, task)
    return _stream(_task(request, queue, task))


def _stream(messages: AsyncIterator[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


async def _changes(request: Request, queue: CallerQueue) -> AsyncIterator[str]:
    seen, engine, said = -1, None, time.monotonic()
    while not queue.stopped and not await request.is_disconnected():
        number = queue.change
        if number != seen:
            changed = queue.changed_since(seen)[-MOST_ROWS:] if seen >= 0 else []
            seen, said = number, time.monotonic()
            yield await run_in_threadpool(_news, queue, changed)
        if (now := queue.engine) is not engine:
            engine, said = now, time.monotonic()
            yield _message("engine", {"state": now.name, "device": str(now.info.get("device", ""))})
        if time.monotonic() - said > PING:
            said = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(EVERY)


def _news(queue: CallerQueue, changed: list[int]) -> str:
    text = _message("state", queue.state().model_dump(mode="json"))
    if changed:
        rows = [row.model_dump(mode="json") for row in queue.rows(changed)]
        text += _message("tasks", {"tasks": rows})
    return text


async def _task(request: Request, queue: CallerQueue, task: int) -> AsyncIterator[str]:
    """The blocking iterator is asked in a thread, a moment at a time."""
    updates = queue.updates(task, every=EVERY)
    said = time.monotonic()
    while not queue.stopped and not await request.is_disconnected():
        fresh = await run_in_threadpool(_next, updates)
        for event in fresh:
            if not isinstance(event, Preview):
                said = time.monotonic()
                yield _message(EVENT_NAMES[type(event)], dataclasses.asdict(event))
            if isinstance(event, FINAL):
                return
        if time.monotonic() - said > PING:
            said = time.monotonic()
            yield ": still here\n\n"


def _next(updates: Iterator[list[Event]]) -> list[Event]:
    return next(updates, [])


def _message(name: str, content: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(content, default=str)}\n\n"
