"""What goes wrong overnight: engines that die, files that vanish, a full disk, a second Kinora. Nothing is lost."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from support import clips, runs
from support.scripted_engine import PROGRAM as SCRIPTED

from errors import BusyError
from events import Failed, Notice, Output, Phase, Queued
from jobs import CallerQueue, JobQueue, Selection, Submission
from jobs.work.worker import Worker
from settings import PROJECT, Settings


def kill_engine(job_queue: JobQueue) -> None:
    pid = job_queue.engines[0].pid
    assert pid
    psutil.Process(pid).kill()


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    """A home of the test's own."""
    return Settings(home=tmp_path / "home", device="cpu", demo="always", cancel_timeout=3)


def kill_as_it_samples(job_queue: JobQueue, task: int, times: int) -> list[Any]:
    """The task's events; its engine is killed in each of its first runs, as soon as the first pass begins."""
    events, killed = [], False
    for event in CallerQueue(job_queue).events(task):
        events.append(event)
        if isinstance(event, Queued):  # once more
            killed = False
        if isinstance(event, Phase) and event.label == "First pass" and times and not killed:
            times, killed = times - 1, True
            kill_engine(job_queue)
    return events


def test_a_task_whose_engine_died_runs_again_and_says_so(job_queue: JobQueue, queue: CallerQueue, clip: Any) -> None:
    task = runs.submit(queue, "t2v", clip | {"prompt": "a kite [engine: pace=0.05]", "steps": 40})
    events = kill_as_it_samples(job_queue, task.id, times=1)
    assert isinstance(events[-1], Output)
    assert any(isinstance(event, Notice) and "attempt 1 of 2" in event.message for event in events)
    assert queue.task(task.id).attempts == 1


def test_a_task_that_kills_its_engine_every_time_fails_and_the_next_task_runs(
    job_queue: JobQueue, queue: CallerQueue, clip: Any
) -> None:
    deadly = runs.submit(queue, "t2v", runs.LONG)
    after = runs.submit(queue, "t2v", clip)
    last = kill_as_it_samples(job_queue, deadly.id, times=9)[-1]
    assert isinstance(last, Failed)
    assert last.kind == "engine_died"
    assert "attempt 2 of 2" in last.message
    assert isinstance(runs.last(queue, after), Output)


@pytest.mark.parametrize("attempts", [1, 3])
def test_the_setting_says_how_often_a_task_is_tried_whose_engine_dies(
    own_settings: Settings, clip: Any, attempts: int
) -> None:
    job_queue = JobQueue(own_settings.model_copy(update={"max_attempts": attempts}), SCRIPTED)
    queue = CallerQueue(job_queue)
    job_queue.start()
    try:
        task = runs.submit(queue, "t2v", clip | {"prompt": "a kite [engine: die]"})
        last = runs.last(queue, task)
    finally:
        job_queue.stop()
    assert isinstance(last, Failed)
    assert f"attempt {attempts} of {attempts}" in last.message
    assert "Unless someone killed it, it ran out of memory." in last.message  # the kernel's killer sends SIGKILL
    assert queue.task(task.id).attempts == attempts


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(shutil.copy(PROJECT / "examples" / "landscape.png", tmp_path / "mine.png"))


def test_the_originals_may_be_deleted_after_the_job_is_submitted(queue: CallerQueue, clip: Any, picture: Path) -> None:
    with runs.paused(queue):
        task = runs.submit(queue, "i2v", clip | {"image": str(picture)})
        picture.unlink()
    assert isinstance(runs.last(queue, task), Output)
    (given,) = queue.task(task.id).inputs
    assert given.original == str(picture)
    assert queue.input_file(task.id, "image").is_file()


def test_an_input_used_in_place_that_is_gone_is_named(queue: CallerQueue, clip: Any, picture: Path) -> None:
    with runs.paused(queue):
        values = clip | {"image": str(picture)}
        job = queue.submit(Submission(mode="i2v", values=values, keep_copies=False))
        picture.unlink()
    last = list(queue.events(queue.first_task(job.id)))[-1]
    assert isinstance(last, Failed)
    assert f"{picture} is missing" in last.message
    assert last.kind == "invalid"


def test_an_input_that_was_edited_in_place_is_noticed(
    job_queue: JobQueue, queue: CallerQueue, clip: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "edited.png"
    Image.effect_noise((160, 120), 80).save(picture)  # no other test has had it kept before
    with runs.paused(queue):
        job = queue.submit(Submission(mode="i2v", values=clip | {"image": str(picture)}))
        picture.write_bytes((PROJECT / "examples" / "portrait.png").read_bytes())  # the same file: a hard link sees it
    last = list(queue.events(queue.first_task(job.id)))[-1]
    if os.stat(job_queue.inputs.folder).st_dev == os.stat(picture.parent).st_dev:
        assert isinstance(last, Failed)
        assert "was changed after it was submitted" in last.message
        assert last.kind == "invalid"
    else:
        assert isinstance(last, Output)


def test_failed_and_cancelled_tasks_are_retried_in_place(queue: CallerQueue, clip: Any) -> None:
    with runs.paused(queue):
        task = runs.submit(queue, "t2v", clip | {"seed": 77})
        runs.cancel(queue, task)
        assert queue.retry(Selection(tasks=[task.id])).changed == 1
        assert queue.retry(Selection(tasks=[task.id])).changed == 0  # twice does no harm
        runs.cancel(queue, task)
        assert queue.retry(Selection(jobs=[task.job]), new_seeds=True).changed == 1
    assert isinstance(runs.last(queue, task), Output)
    made = queue.task(task.id)
    assert made.seed != "77"
    assert str(made.values["seed"]) == made.seed
    first_pass = json.loads(clips.read(queue.output_file(task.id, 0)).metadata["prompt"])
    assert int(made.seed) in [node["inputs"].get("noise_seed") for node in first_pass.values()]


def test_a_rerun_is_a_new_job_and_the_same_key_makes_only_one(queue: CallerQueue, clip: Any) -> None:
    with runs.paused(queue):
        first = queue.submit(Submission(mode="t2v", values=clip, tries=2, key="once"))
        assert queue.submit(Submission(mode="t2v", values=clip, tries=2, key="once")).id == first.id
        again = queue.rerun(first.id, key="twice")
        assert queue.rerun(first.id, key="twice").id == again.id != first.id
        seeds = [[queue.task(task).seed for task in runs.tasks_of(queue, job)] for job in (first.id, again.id)]
        assert seeds[0] == seeds[1] == ["7", "8"]
        queue.cancel(Selection(jobs=[first.id, again.id]))


def test_no_task_starts_while_the_disk_is_nearly_full(own_settings: Settings, clip: Any) -> None:
    free = shutil.disk_usage(own_settings.home.parent).free / 1e9
    job_queue = JobQueue(own_settings.model_copy(update={"min_free_gb": free + 1000}), SCRIPTED)
    queue = CallerQueue(job_queue)
    job_queue.start()
    try:
        task = runs.submit(queue, "t2v", clip)
        runs.until(lambda: "Only" in queue.state().blocked_reason)
        assert queue.task(task.id).status == "queued"
        runs.cancel(queue, task)
    finally:
        job_queue.stop()


def test_where_the_end_of_a_task_cannot_be_written_the_reason_is_a_sentence(job_queue: JobQueue) -> None:
    context = replace(job_queue.workers[0]._context, stopping=threading.Event())
    context.stopping.set()  # so that one try is all
    worker = Worker("another", job_queue.workers[0].engine, context, "home/one")

    def write() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/outputs/kite.mp4")

    with pytest.raises(OSError, match="No space left"):
        worker._retry_until_written(write)
    assert worker.blocked_reason == "A file cannot be written: No space left on device."


def test_a_second_kinora_on_the_same_folder_refuses_and_says_where_the_first_is(job_queue: JobQueue) -> None:
    job_queue.lock.announce_address("http://127.0.0.1:7860")
    try:
        with pytest.raises(BusyError, match=r"http://127\.0\.0\.1:7860 already uses"):
            JobQueue(job_queue.settings).start()
    finally:
        job_queue.lock.announce_address("")


CHILD = """
import sys, time
from pathlib import Path
from jobs import JobQueue
from settings import Settings
JobQueue(Settings(home=Path(sys.argv[1]), device="cpu", demo="always"), "support.scripted_engine").start()
print("started", flush=True)
time.sleep(600)
"""


def test_after_sigkill_every_task_runs_exactly_once(own_settings: Settings, clip: Any) -> None:
    job_queue = JobQueue(own_settings, SCRIPTED)
    queue = CallerQueue(job_queue)
    job = queue.submit(Submission(mode="t2v", values=clip | {"prompt": "killed [engine: pace=0.05]"}, tries=6))
    for _ in range(2):
        command = [sys.executable, "-c", CHILD, str(own_settings.home)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
            made = queue.job(job.id).counts.succeeded
            runs.until(lambda made=made: queue.job(job.id).counts.succeeded > made)
            child.send_signal(signal.SIGKILL)
    job_queue.start()
    try:
        runs.until(lambda: queue.job(job.id).counts.succeeded == 6)
    finally:
        job_queue.stop()
    files = sorted(file.name for file in own_settings.outputs_dir.rglob("killed-*.mp4"))
    assert files == [f"killed-engine-pace-0-05_{seed}.mp4" for seed in (10, 11, 12, 7, 8, 9)]
    for file in own_settings.outputs_dir.rglob("killed-*.mp4"):
        assert len(clips.read(file).pictures) == 9
