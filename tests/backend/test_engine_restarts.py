"""An engine that dies again and again: it is restarted ever more slowly, then not at all until somebody asks."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import runs
from support.scripted_engine import PROGRAM, write_script

from backend import process
from backend.process import EngineProcess
from events import Cancelled, Event, Failed, Output
from jobs import CallerQueue, JobQueue
from jobs.work import worker
from settings import Settings

DELAYS = (0.0, 0.2, 0.4, 0.8)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "RESTART_DELAYS", DELAYS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, device="cpu", demo="always", cancel_timeout=0.5)


@pytest.fixture
def engine(settings: Settings) -> Iterator[EngineProcess]:
    engine = EngineProcess(settings, program=PROGRAM)
    yield engine
    engine.stop()


def run(engine: EngineProcess, words: str = "", stop: threading.Event | None = None) -> Event:
    text = f"[engine: {words}]"
    graph = {"save": {"class_type": "SaveImage", "inputs": {"text": text, "filename_prefix": f"{time.time_ns()}"}}}
    return list(engine.run(graph, {}, stop or threading.Event()))[-1]


def starts(engine: EngineProcess) -> list[float]:
    """The moments at which the engine was started, until it is given up."""
    moments: list[float] = []
    pids: set[int] = set()
    while engine.state.name != "failed":
        if (pid := engine.pid) and pid not in pids:
            pids.add(pid)
            moments.append(time.monotonic())
        time.sleep(0.005)
    return moments


def test_an_engine_that_dies_when_idle_is_restarted_ever_more_slowly_and_then_given_up(
    engine: EngineProcess, settings: Settings
) -> None:
    write_script(settings.home, idle_death=0.02)
    engine.start()
    moments = starts(engine)
    assert len(moments) == len(DELAYS) + 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert all(gap >= delay for gap, delay in zip(gaps, DELAYS, strict=True))
    error = engine.state.error
    assert error is not None
    assert error.kind == "engine_died"
    assert error.message == "The engine crashed 5 times in a row shortly after starting (the last time with SIGKILL)."
    assert str(settings.logs_dir / "engine.log") in error.hint
    assert "doctor" in error.hint


def test_an_engine_that_was_given_up_gets_one_try_when_somebody_asks(engine: EngineProcess, settings: Settings) -> None:
    write_script(settings.home, idle_death=0.02)
    engine.start()
    starts(engine)
    engine.start()
    assert engine.state.name == "starting"
    assert len(starts(engine)) == 1
    write_script(settings.home)
    assert isinstance(run(engine), Output)


def test_a_run_that_ends_well_forgets_the_deaths_before_it(engine: EngineProcess) -> None:
    for _ in range(2):
        for _ in DELAYS:
            assert isinstance(run(engine, "exit=3"), Failed)
        assert isinstance(run(engine), Output)
    assert engine.state.name == "ready"


def test_an_engine_that_was_up_for_long_before_it_died_is_restarted_at_once(
    engine: EngineProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STABLE_AFTER", 0.1)
    write_script(settings.home, idle_death=0.2)
    engine.start()
    pids = set()
    deadline = time.monotonic() + 30
    while len(pids) < len(DELAYS) + 3:
        assert time.monotonic() < deadline
        pids.add(engine.pid)
        time.sleep(0.02)
    assert engine.state.name != "failed"


def test_an_engine_that_was_ended_because_it_hung_has_not_died(engine: EngineProcess) -> None:
    for _ in range(len(DELAYS) + 2):
        stop = threading.Event()
        threading.Timer(0.6, stop.set).start()
        assert isinstance(run(engine, "hang", stop), Cancelled)
    assert engine.state.name != "failed"


def test_stopping_does_not_wait_for_the_next_restart(
    engine: EngineProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "RESTART_DELAYS", (60.0,))
    write_script(settings.home, idle_death=0.02)
    of_others = set(threading.enumerate())  # other tests' queues have engines in this process too
    engine.start()
    runs.until(lambda: engine.state.name == "restarting", 10)
    engine.stop()
    assert engine.state.name == "stopped"
    runs.until(lambda: not set(threading.enumerate()) - of_others, 5)


def test_a_queue_starts_no_task_while_its_engine_is_given_up_and_continues_when_it_works_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RESTART_AFTER", 1.0)
    write_script(settings.home, idle_death=0.02)
    job_queue = JobQueue(settings, engine_program=PROGRAM)
    queue = CallerQueue(job_queue)
    with runs.paused(queue):
        task = runs.submit(queue, "t2i", {"prompt": "a kite"})
        job_queue.start()
        runs.until(lambda: queue.engine.name == "failed", 30)
    try:
        runs.until(lambda: "5 times in a row" in queue.why_waiting, 10)
        assert "keep trying" in queue.why_waiting
        assert queue.task(task.id).status == "queued"
        write_script(settings.home)
        assert isinstance(runs.last(queue, task), Output)
    finally:
        job_queue.stop()


def test_a_task_whose_engine_dies_runs_again(settings: Settings) -> None:
    job_queue = JobQueue(settings, engine_program=PROGRAM)
    queue = CallerQueue(job_queue)
    job_queue.start()
    try:
        task = runs.submit(queue, "t2i", {"prompt": "a kite [engine: die, once]"})
        assert isinstance(runs.last(queue, task), Output)
        assert queue.task(task.id).attempts == 1  # that failed
    finally:
        job_queue.stop()
