"""Two nodes of a Ray cluster compared with one engine; each engine has its own core."""

import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from backend.contract import WorkerEngine
from events import FINAL, Output
from jobs import CallerQueue, JobQueue, Submission
from settings import Settings
from tools.measure import ray_cluster
from tools.measure.figures import Figure
from workflow import Graph

TASKS = 40
PAIRS = 40
WARM_UPS = 5
CLIP = {"prompt": "a red kite over the sea", "width": 256, "height": 256, "seconds": 0.3}
UP = 120.0  # seconds for all engines to be ready


def measure(settings: Settings) -> Iterator[Figure]:
    """Yields nothing if Ray is not installed or there are too few cores. Raises RuntimeError if a run fails."""
    if not ray_cluster.RAY.is_file() or sys.platform != "linux" or len(cores := sorted(os.sched_getaffinity(0))) < 2:
        return
    with ExitStack() as stack:
        stack.enter_context(_one_thread_each())
        alone = stack.enter_context(_working(settings, cores[:1]))
        one = _seconds(alone)
        ray = stack.enter_context(ray_cluster.running())
        for core in cores[:2]:
            ray.add({}, core)
        # A home of its own, as only one Kinora works on a home; the demo models are there already.
        home = settings.home / "cluster"
        home.mkdir()
        (home / "demo_models").symlink_to(settings.models_dir)
        with _working(settings.model_copy(update={"ray": ray.address, "home": home}), []) as queue:
            two = _seconds(queue)
            name = f"{TASKS} clips, two nodes with two engines / one engine"
            note = f"256 × 256 px, 9 frames; each engine has its own core; {two:.1f} s and {one:.1f} s"
            yield Figure(name, two / one, "x", 0.60, note)
            extra, here = _overhead(queue.engines[0], alone.engines[0])
            note = f"a graph that only writes an image, which takes {here:.0f} ms here; {PAIRS} pairs"
            yield Figure("Ray, more per task", extra, "ms", None, note)
            bridge = sum(psutil.Process(engine.pid).memory_info().rss for engine in queue.engines) / len(queue.engines)
            yield Figure("Ray, memory of the app's machine per engine", bridge / 1e6, "MB", None, "resident")


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before


@contextmanager
def _working(settings: Settings, cores: list[int]) -> Iterator[JobQueue]:
    """The queue with all its engines ready and warm; those of this machine on `cores`."""
    queue = JobQueue(settings)
    try:
        queue.start()
        for engine in queue.engines:
            if cores and engine.pid:
                psutil.Process(engine.pid).cpu_affinity(cores)
        deadline = time.monotonic() + UP
        while not all(engine.state.name == "ready" for engine in queue.engines):
            if time.monotonic() > deadline:
                raise RuntimeError(f"engines did not start: {[engine.state for engine in queue.engines]}")
            time.sleep(0.1)
        _seconds(queue, 2 * len(queue.engines))
        yield queue
    finally:
        queue.stop()


def _seconds(queue: JobQueue, count: int = TASKS) -> float:
    """Seconds from submitting to the end of the last task."""
    started = time.perf_counter()
    caller = CallerQueue(queue)
    job = caller.submit(Submission(mode="t2v", values=CLIP, tries=count))
    for task in caller.tasks(job=job.id, limit=count).tasks:
        *_, last = caller.events(task.id)
        if not isinstance(last, Output):
            raise RuntimeError(f"a run failed: {last}")
    return time.perf_counter() - started


def _overhead(far: WorkerEngine, near: WorkerEngine) -> tuple[float, float]:
    """Milliseconds that a run takes longer on the cluster, and that it takes here; medians of alternating runs."""
    taken: dict[WorkerEngine, list[float]] = {far: [], near: []}
    for number in range(WARM_UPS + PAIRS):
        for engine, seconds in taken.items():
            started = time.perf_counter()
            for event in engine.run(_picture(number), {}, threading.Event()):
                if isinstance(event, FINAL) and not isinstance(event, Output):
                    raise RuntimeError(f"a run failed: {event}")
            seconds.append(time.perf_counter() - started)
    there, here = (statistics.median(seconds[WARM_UPS:]) * 1000 for seconds in taken.values())
    return there - here, here


def _picture(number: int) -> Graph:
    image = {"width": 64, "height": 64, "batch_size": 1, "color": number}
    save = {"images": ["image", 0], "filename_prefix": f"running/overhead-{number}"}
    return {
        "image": {"class_type": "EmptyImage", "inputs": image},
        "save": {"class_type": "SaveImage", "inputs": save},
    }
