"""Who watches a task, and what that changes: for others nothing. No engine runs here."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from support.store_rows import Store

from errors import NotFoundError
from events import Cancelled, Phase, Preview, Queued
from jobs import Caller, CallerQueue, JobQueue, Selection, Submission, TaskDetail
from settings import Settings

SUBMISSION = Submission(mode="t2v", values={"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3})
STEP = Phase(0, 1, "First pass", 1, 4)


@pytest.fixture
def job_queue(tmp_path: Path) -> JobQueue:
    return JobQueue(Settings(home=tmp_path, device="cpu", demo="always"))


def submitted(queue: CallerQueue) -> int:
    return queue.first_task(queue.submit(SUBMISSION).id)


def test_a_visitor_who_asks_for_anothers_task_changes_nothing_for_those_who_watch_it(job_queue: JobQueue) -> None:
    ada, ben = (CallerQueue(job_queue, Caller(name)) for name in ("ada", "ben"))
    task = submitted(ada)
    watch = ada.updates(task, every=0.05)
    assert next(watch) == [Queued(0)]
    with pytest.raises(NotFoundError):
        next(ben.updates(task))
    ada.cancel(Selection(tasks=[task]))
    assert next(watch) == [Cancelled()]


def test_a_refused_look_opens_nothing(job_queue: JobQueue) -> None:
    task = submitted(CallerQueue(job_queue, Caller("ada")))
    with pytest.raises(NotFoundError):
        next(CallerQueue(job_queue, Caller("ben")).updates(task))
    assert job_queue.feeds.find(task) is None


class Overtaken(CallerQueue):
    """A caller whose look at an ended task is overtaken: the task is retried and begins to run before it continues."""

    def __init__(self, queue: JobQueue) -> None:
        super().__init__(queue)
        self.queue = queue
        self.runs = ExitStack()

    def task(self, task: int) -> TaskDetail:
        detail = super().task(task)
        if detail.status == "cancelled":
            self.retry(Selection(tasks=[task]))
            self.runs.enter_context(self.queue.feeds.run(task))
        return detail


def test_a_look_at_a_task_that_had_ended_leaves_the_run_that_began_meanwhile(job_queue: JobQueue) -> None:
    queue = Overtaken(job_queue)
    task = submitted(queue)
    queue.cancel(Selection(tasks=[task]))
    assert next(queue.updates(task)) == [Cancelled()]
    assert job_queue.feeds.find(task) is not None


def test_a_feed_is_removed_when_nobody_watches_and_nothing_runs(job_queue: JobQueue) -> None:
    queue, feeds = CallerQueue(job_queue), job_queue.feeds
    task = submitted(queue)
    first, second = queue.updates(task, every=0.05), queue.updates(task, every=0.05)
    for watch in (first, second):
        assert next(watch) == [Queued(0)]
    first.close()
    assert feeds.find(task) is not None
    with feeds.run(task):
        second.close()
        assert feeds.find(task) is not None
    assert feeds.find(task) is None


def test_whoever_comes_late_hears_what_still_matters(job_queue: JobQueue) -> None:
    queue = CallerQueue(job_queue)
    task = submitted(queue)
    with job_queue.feeds.run(task):
        claim = Store(job_queue.database).claim()
        assert claim.task == task
        for event in (replace(STEP, step=1), Preview(b"old"), replace(STEP, step=2), Preview(b"new")):
            job_queue.feeds.publish(task, event)
        assert next(queue.updates(task)) == [Queued(0), replace(STEP, step=2), Preview(b"new")]
        assert queue.preview(task) == b"new"


def test_what_is_published_of_a_task_that_nobody_watches_is_dropped(job_queue: JobQueue) -> None:
    task = submitted(CallerQueue(job_queue))
    job_queue.feeds.publish(task, STEP)
    assert job_queue.feeds.find(task) is None
