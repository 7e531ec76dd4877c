"""Single generations through the queue, for tests that look at what came of them."""

from collections.abc import Mapping
from typing import Any

from events import Event
from jobs import Jobs, Selection, Submission, TaskDetail
from modes import Announcement


def submit(jobs: Jobs, mode: str, values: Mapping[str, Any]) -> TaskDetail:
    """The task of a new job with just one."""
    job = jobs.submit(Submission(mode=mode, values=dict(values)))
    return jobs.task(jobs.first_task(job.id))


def last(jobs: Jobs, task: TaskDetail) -> Event:
    """Waits for the task's end."""
    return list(jobs.events(task.id))[-1]


def cancel(jobs: Jobs, *tasks: TaskDetail) -> None:
    jobs.cancel(Selection(tasks=[task.id for task in tasks]))


def announced(task: TaskDetail) -> Announcement:
    return Announcement(**task.announced)
