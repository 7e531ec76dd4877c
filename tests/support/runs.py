"""Single generations through the queue, for tests that look at what came of them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from events import Event
from jobs import CallerQueue, Selection, Submission, TaskDetail
from modes import OutputSpec

LONG = {"prompt": "a long run [engine: pace=0.3]", "seed": 7, "width": 768, "height": 768, "seconds": 8, "steps": 100}
"""A clip that takes either engine the better part of a minute. The test cancels it."""

LONG_OF_SHORT_STEPS = LONG | {"prompt": "a long run [engine: pace=0.05]", "width": 256, "height": 256}
"""As many steps, each soon done: for tests that act within the process and have to be heard at once."""


def submit(queue: CallerQueue, mode: str, values: Mapping[str, Any]) -> TaskDetail:
    """The task of a new job with just one."""
    job = queue.submit(Submission(mode=mode, values=dict(values)))
    return queue.task(queue.first_task(job.id))


def tasks_of(queue: CallerQueue, job: int) -> list[int]:
    """Ids of a job's tasks, in the order in which they were submitted."""
    return sorted(task.id for task in queue.tasks(job=job, limit=500).tasks)


def last(queue: CallerQueue, task: TaskDetail) -> Event:
    """Waits for the task's end."""
    return list(queue.events(task.id))[-1]


@contextmanager
def paused(queue: CallerQueue) -> Iterator[None]:
    """What is submitted meanwhile waits until the end."""
    queue.pause()
    try:
        yield
    finally:
        queue.pause(False)


def until(true: Callable[[], Any], seconds: float = 120) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def cancel(queue: CallerQueue, *tasks: TaskDetail) -> None:
    queue.cancel(Selection(tasks=[task.id for task in tasks]))


def options(values: Mapping[str, Any]) -> list[str]:
    """The same values on the command line."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


def announced(task: TaskDetail) -> OutputSpec:
    return OutputSpec(**task.announced)
