"""Several engines, and which task is next: each exactly once, the same models preferred, nobody starved."""

from collections.abc import Iterator
from typing import Any

import pytest
from support import runs
from support.scripted_engine import PROGRAM as SCRIPTED

from events import Output
from jobs import CallerQueue, JobQueue, Selection, Submission
from settings import Settings


@pytest.fixture(scope="module")
def two_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    home = tmp_path_factory.mktemp("two-engines")
    job_queue = JobQueue(Settings(home=home, device="cpu", demo="always", workers=2, cancel_timeout=3), SCRIPTED)
    job_queue.start()
    yield job_queue
    job_queue.stop()


def test_two_engines_share_the_work_and_make_each_clip_once(two_engines: JobQueue, clip: Any) -> None:
    queue = CallerQueue(two_engines)
    runs.until(lambda: all(engine.state.name == "ready" for engine in two_engines.engines))
    job = queue.submit(Submission(mode="t2v", values=clip, tries=6))
    tasks = runs.tasks_of(queue, job.id)
    assert all(isinstance(list(queue.events(task))[-1], Output) for task in tasks)
    lines = [line.text for task in tasks for line in queue.task(task).log]
    taken = [line for line in lines if line.startswith("Claimed by")]
    assert len(taken) == 6
    assert set(taken) == {"Claimed by engine-1", "Claimed by engine-2"}
    assert len(list(queue.settings.outputs_dir.rglob("*.mp4"))) == 6
    assert [engine.name for engine in queue.state().engines] == ["engine-1", "engine-2"]


def test_front_and_priority_decide_what_is_next(two_engines: JobQueue, clip: Any) -> None:
    queue = CallerQueue(two_engines)
    with runs.paused(queue):
        first, second, third = (queue.submit(Submission(mode="t2v", values=clip)).id for _ in range(3))
        queue.set_priority(Selection(jobs=[third]), 5)
        queue.move_to_front(Selection(jobs=[second]))
        queue.move_to_front(Selection(jobs=[second]))  # twice does no harm
        order = [row.job for row in queue.tasks(["queued"]).tasks]
        assert order == [second, third, first]
        queue.cancel(Selection(status="queued"))
