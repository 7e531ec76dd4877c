"""Runs through the queue: their order, their places, their names, cancelling, watching."""

import threading
from typing import Any

import pytest
from support import runs

from errors import InvalidInputError, NotFoundError
from events import Cancelled, Output, Phase, Queued
from jobs import CallerQueue, JobQueue, Selection, Submission
from modes import InvalidParamsError


def test_a_random_seed_is_drawn_and_reported(queue: CallerQueue, clip: Any) -> None:
    first, second = (runs.submit(queue, "t2v", clip | {"seed": None}) for _ in range(2))
    assert first.seed != second.seed
    runs.cancel(queue, first, second)


def test_files_are_named_by_the_prompt_and_never_overwritten(queue: CallerQueue, clip: Any) -> None:
    values = clip | {"prompt": "A /strange/ ../name: 🪁"}
    names = []
    for _ in range(2):
        task = runs.submit(queue, "t2v", values)
        runs.last(queue, task)
        file = queue.output_file(task.id, 0)
        names.append(file.name)
        assert file.parent.parent == queue.settings.outputs_dir
    assert names == ["a-strange-name_7.mp4", "a-strange-name_7__2.mp4"]


def test_tasks_run_in_order_and_know_their_place(queue: CallerQueue, clip: Any) -> None:
    with runs.paused(queue):
        submitted = [runs.submit(queue, "t2v", clip | {"seed": seed}) for seed in (11, 12, 13)]
        first = next(iter(queue.events(submitted[2].id)))
    assert isinstance(first, Queued)
    assert first.ahead >= 2
    for task in submitted:
        runs.last(queue, task)
    ended = [queue.task(task.id) for task in submitted]
    assert [task.status for task in ended] == ["succeeded"] * 3
    started = [task.started for task in ended if task.started]
    assert started == sorted(started)


def test_a_waiting_task_can_be_cancelled_and_the_others_still_run(queue: CallerQueue, clip: Any) -> None:
    with runs.paused(queue):
        first, second, third = (runs.submit(queue, "t2v", clip | {"seed": seed}) for seed in (21, 22, 23))
        runs.cancel(queue, second)
        runs.cancel(queue, second)  # twice does no harm
    assert isinstance(runs.last(queue, second), Cancelled)
    for task in (first, third):
        assert isinstance(runs.last(queue, task), Output)


def test_a_running_task_can_be_cancelled_and_leaves_no_file(queue: CallerQueue) -> None:
    task = runs.submit(queue, "t2v", runs.LONG_OF_SHORT_STEPS)
    next(event for event in queue.events(task.id) if isinstance(event, Phase) and event.step)
    acted = queue.cancel(Selection(tasks=[task.id]))
    assert (acted.changed, acted.pending) == (1, 0)  # it stopped at once
    assert isinstance(runs.last(queue, task), Cancelled)
    assert queue.task(task.id).status == "cancelled"
    assert not list((queue.settings.outputs_dir / "running").glob(f"{task.id}-*"))


def test_watching_late_or_twice_shows_the_same_end(queue: CallerQueue, clip: Any) -> None:
    task = runs.submit(queue, "t2v", clip | {"seed": 31})
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(runs.last(queue, task))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    end = runs.last(queue, task)
    assert isinstance(end, Output)
    assert [each.files for each in ends] == [end.files] * 2


def test_time_left_is_known_once_such_a_run_has_ended(queue: CallerQueue, clip: Any) -> None:
    runs.last(queue, runs.submit(queue, "t2v", clip))
    again = runs.submit(queue, "t2v", clip)
    left, planned = queue.time_left(again), queue.plan(Submission(mode="t2v", values=clip, tries=3))
    assert left is not None
    assert left > 0
    assert planned.seconds is not None
    assert planned.seconds > 0
    runs.cancel(queue, again)


def test_time_left_is_the_same_for_those_who_begin_to_watch_late(
    job_queue: JobQueue, queue: CallerQueue, clip: Any
) -> None:
    runs.last(queue, runs.submit(queue, "t2v", clip))
    with runs.paused(queue):
        task = runs.submit(queue, "t2v", clip)
        before = queue.time_left(task)
        with job_queue.feeds.watch(task.id) as feed:
            job_queue.feeds.publish(task.id, Phase(1, len(task.phases), task.phases[1].label, 20, 40))
            feed.phase_since -= 100  # seconds in the phase
            left = queue.time_left(task)
        runs.cancel(queue, task)
    assert before is not None
    assert left is not None
    assert 100 <= left <= 101 + before


def test_bad_input_is_refused_before_anything_is_queued(queue: CallerQueue) -> None:
    before = queue.state().counts
    with pytest.raises(InvalidParamsError):
        queue.submit(Submission(mode="t2v", values={"prompt": ""}))
    with pytest.raises(InvalidInputError, match="no mode"):
        queue.submit(Submission(mode="nonsense", values={"prompt": "x"}))
    with pytest.raises(NotFoundError, match="no task"):
        queue.task(10**9)
    assert queue.state().counts == before
