"""Single generations through the queue, for tests that look at what came of them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from events import Event
from jobs import JobQueue, Selection, Submission, TaskDetail
from modes import OutputSpec

LONG = {"prompt": "a long run", "seed": 7, "width": 768, "height": 768, "seconds": 8, "steps": 100}
"""A clip that outlives whatever is done while it is made: the better part of a minute. The test cancels it."""

LONG_OF_SHORT_STEPS = LONG | {"width": 256, "height": 256}
"""As many steps, each soon done: for tests that act within the process and are to be heard at once."""


def submit(jobs: JobQueue, mode: str, values: Mapping[str, Any]) -> TaskDetail:
    """The task of a new job with just one."""
    job = jobs.submit(Submission(mode=mode, values=dict(values)))
    return jobs.task(jobs.first_task(job.id))


def last(jobs: JobQueue, task: TaskDetail) -> Event:
    """Waits for the task's end."""
    return list(jobs.events(task.id))[-1]


@contextmanager
def paused(jobs: JobQueue) -> Iterator[None]:
    """What is submitted meanwhile waits until the end."""
    jobs.pause()
    try:
        yield
    finally:
        jobs.pause(False)


def until(true: Callable[[], Any], seconds: float = 120) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def cancel(jobs: JobQueue, *tasks: TaskDetail) -> None:
    jobs.cancel(Selection(tasks=[task.id for task in tasks]))


def options(values: Mapping[str, Any]) -> list[str]:
    """The same values on the command line."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


def announced(task: TaskDetail) -> OutputSpec:
    return OutputSpec(**task.announced)
