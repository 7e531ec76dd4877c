"""The queue's database with ten thousand tasks in it: claims, pages, counts, and submitting a thousand."""

import statistics
import time
from collections.abc import Callable, Iterator

from jobs import CallerQueue, JobQueue, Selection, Submission
from jobs.store.database import Database
from jobs.store.transitions import TaskTransitions
from settings import PROJECT, Settings
from tools.measure.figures import Figure

QUEUED = 10_000
REPEATS = 50
CLIP = {"prompt": "a red kite over the sea", "width": 256, "height": 192, "seconds": 0.4}


def measure(settings: Settings) -> Iterator[Figure]:
    """Uses its own home folder, and starts no engine."""
    own = settings.model_copy(update={"home": settings.home / "store"})
    queue = CallerQueue(JobQueue(own))
    values = CLIP | {"image": str(PROJECT / "examples" / "landscape.png")}
    started = time.perf_counter()
    queue.submit(Submission(mode="i2v", values=values, tries=1000))
    taken = time.perf_counter() - started
    yield Figure(
        "submitting 1,000 tasks with one image", taken, "s", 5, "checked, prepared, graphs built, in the database"
    )
    while (queued := queue.state().counts.queued) < QUEUED:
        queue.submit(Submission(mode="t2v", values=CLIP, tries=min(1000, QUEUED - queued)))
    transitions = TaskTransitions(Database(own))
    note = f"median of {REPEATS}, {QUEUED:,} queued"
    yield _milliseconds("claiming a task", lambda: transitions.claim("bench/worker"), note)
    for name, cursor in (("first", None), ("last", _cursor_near_the_end(queue))):
        yield _milliseconds(f"the {name} page of 50 rows", lambda cursor=cursor: queue.tasks(cursor=cursor), note)
    yield _milliseconds("a search's page of 50 rows", lambda: queue.tasks(search="kite"), note)
    yield _milliseconds("the queue's state and counts", queue.state, note)
    started = time.perf_counter()
    queue.cancel(Selection(status="queued"))
    yield Figure("cancelling everything queued", time.perf_counter() - started, "s", note=f"{QUEUED - REPEATS:,} tasks")


def _milliseconds(name: str, act: Callable[[], object], note: str) -> Figure:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return Figure(name, statistics.median(times), "ms", 20, note)


def _cursor_near_the_end(queue: CallerQueue) -> str | None:
    cursor, following = None, queue.tasks(limit=500).next
    while following:
        cursor, following = following, queue.tasks(limit=500, cursor=following).next
    return cursor
