"""The events of tasks that are queued or running, kept in memory for those who watch.

Whoever comes late gets the events that still matter first, then the new ones. What has ended is in the database.
"""

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from events import FINAL, Download, Event, Phase, Preview, Queued


@dataclass
class TaskFeed:
    """The events of one task. Change it only while holding the condition of `TaskFeeds`."""

    log: list[tuple[int, Event]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    started: float | None = None  # time.monotonic()
    phase_since: float = 0.0  # time.monotonic()
    users: int = 0  # those who watch, and the run

    @property
    def phase(self) -> Phase | None:
        return next((event for _, event in reversed(self.log) if isinstance(event, Phase)), None)

    @property
    def preview(self) -> bytes | None:
        return next((event.jpeg for _, event in reversed(self.log) if isinstance(event, Preview)), None)


class TaskFeeds:
    """The feeds of all tasks that somebody watches or that run in this process. Safe from any thread.

    A feed goes with the task's last event, or when nobody watches and nothing runs any more.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newests = itertools.count(1)
        self._tasks: dict[int, TaskFeed] = {}

    @contextmanager
    def watch(self, task: int) -> Iterator[TaskFeed]:
        """Keeps the task's feed while somebody watches. Whether they may is for the caller to check first."""
        with self._changed:
            feed = self._tasks.setdefault(task, TaskFeed())
            feed.users += 1
        try:
            yield feed
        finally:
            with self._changed:
                feed.users -= 1
                if not feed.users and self._tasks.get(task) is feed:
                    del self._tasks[task]

    @contextmanager
    def run(self, task: int) -> Iterator[TaskFeed]:
        """Keeps the task's feed while the task runs, from the moment its turn has come."""
        with self.watch(task) as feed:
            with self._changed:
                feed.started = time.monotonic()
            self.publish(task, Queued(0))
            yield feed

    def find(self, task: int) -> TaskFeed | None:
        return self._tasks.get(task)

    def tasks(self) -> list[int]:
        """Ids of the tasks that have a feed."""
        with self._changed:
            return list(self._tasks)

    def publish(self, task: int, event: Event) -> None:
        """Adds an event to the task's feed. What it makes out of date leaves the feed, so that a late reader catches up
        at once.

        A task without a feed is one that nobody watches and that does not run here: the event is dropped, since
        whoever looks later finds in the database what came of it.
        """
        with self._changed:
            feed = self._tasks.get(task)
            if feed is None:
                return
            phase = feed.phase
            if isinstance(event, Phase) and (phase is None or phase.index != event.index):
                feed.phase_since = time.monotonic()
            if isinstance(event, Queued) and event.ahead:
                feed.started = None
            feed.log = [entry for entry in feed.log if not _replaces(event, entry[1])]
            feed.log.append((next(self._newests), event))
            if isinstance(event, FINAL):
                del self._tasks[task]  # a retry gets a new one; those who watch still have this one
            self._changed.notify_all()

    def updates(self, feed: TaskFeed, every: float | None = None) -> Iterator[list[Event]]:
        """The events from the first to the last, as they come; an empty list after `every` seconds of silence."""
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: feed.log and feed.log[-1][0] > seen, timeout=every)  # noqa: B023
                fresh = [entry for entry in feed.log if entry[0] > seen]
            if fresh:
                seen = fresh[-1][0]
            yield [event for _, event in fresh]
            if fresh and isinstance(fresh[-1][1], FINAL):
                return


class Revisions:
    """Which tasks have changed, for lists that stay up to date. Safe from any thread."""

    KEPT = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0
        self._last: dict[int, int] = {}  # task -> the revision of its last change, oldest first

    @property
    def newest(self) -> int:
        return self._newest

    def mark(self, tasks: Iterable[int] = ()) -> None:
        """Makes a new revision, in which these tasks have changed, or something else of the queue."""
        with self._lock:
            self._newest += 1
            for task in tasks:
                self._last.pop(task, None)
                self._last[task] = self._newest
            for task in list(itertools.islice(self._last, max(0, len(self._last) - self.KEPT))):
                del self._last[task]

    def since(self, revision: int) -> list[int]:
        """Ids of the tasks that have changed after that revision, the one that changed last at the end."""
        with self._lock:
            return [task for task, last in self._last.items() if last > revision]


def _replaces(new: Event, old: Event) -> bool:
    """Whether the new event makes the old one out of date."""
    match new, old:
        case Phase(), Phase():
            return new.index == old.index
        case Download(), Download():
            return new.file == old.file
        case (Preview(), Preview()) | (Queued(), Queued()):
            return True
        case Queued(), (Phase() | Preview() | Download()):
            return True  # the task is back in the queue: nothing of the run before counts
    return isinstance(new, FINAL) and isinstance(old, (Preview, Queued))
