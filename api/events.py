"""What happens, as server-sent events.

The queue's stream looks for changes twice a second and holds no thread meanwhile. The engine's state changes without a
notification, so this has to poll; nobody could read updates that came more often. A task's stream waits in a thread for
its next event, which it then sends at once.
"""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.dependencies import Queue, TaskId
from events import EVENT_NAMES, FINAL, Event, Preview
from jobs import CallerQueue

router = APIRouter()

EVERY = 0.5
"""Seconds between looks, also at whether Kinora ends."""

PING = 15
"""Seconds between comments that show that the stream lives."""

MAX_SUMMARIES = 500
"""Tasks in one message; a list that shows others asks for them."""

STREAM: dict[str, Any] = {
    "response_class": StreamingResponse,
    "responses": {200: {"content": {"text/event-stream": {}}}},
}


@router.get("/events", **STREAM)
async def all_events(queue: Queue) -> EventSourceResponse:
    """`state` is the queue's state, `tasks` summaries of the tasks that have changed, `engine` what the engine does."""
    return _stream(_changes(queue))


@router.get("/tasks/{task}/events", **STREAM)
async def task_events(task: TaskId, queue: Queue) -> EventSourceResponse:
    """A task's events from the first that still matters to its last: queued, download, stage, notice, output, failed,
    cancelled."""
    await run_in_threadpool(queue.task, task)  # raises NotFoundError before the stream begins
    return _stream(_task(queue, task))


def _stream(messages: AsyncIterator[ServerSentEvent]) -> EventSourceResponse:
    """Ends with its messages, when the client leaves, and when the server ends."""
    return EventSourceResponse(
        messages, ping=PING, ping_message_factory=lambda: ServerSentEvent(comment="still here"), sep="\n"
    )


async def _changes(queue: CallerQueue) -> AsyncIterator[ServerSentEvent]:
    seen, engine = -1, None
    while not queue.stopped:
        revision = queue.revision
        if revision != seen:
            changed = queue.changed_since(seen)[-MAX_SUMMARIES:] if seen >= 0 else []
            seen = revision
            state = await run_in_threadpool(queue.state)
            yield _message("state", state.model_dump(mode="json"))
            if changed:
                summaries = await run_in_threadpool(queue.summaries, changed)
                yield _message("tasks", {"tasks": [each.model_dump(mode="json") for each in summaries]})
        if (now := queue.engine) is not engine:
            engine = now
            yield _message("engine", {"state": now.name, "device": str(now.info.get("device", ""))})
        await asyncio.sleep(EVERY)


async def _task(queue: CallerQueue, task: int) -> AsyncIterator[ServerSentEvent]:
    with closing(queue.updates(task, every=EVERY)) as updates:
        while not queue.stopped:
            for event in await run_in_threadpool(_next, updates):
                if not isinstance(event, Preview):
                    yield _message(EVENT_NAMES[type(event)], dataclasses.asdict(event))
                if isinstance(event, FINAL):
                    return


def _next(updates: Iterator[list[Event]]) -> list[Event]:
    return next(updates, [])


def _message(name: str, content: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json.dumps(content, default=str))
