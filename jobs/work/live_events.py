"""What is told of tasks while they are queued or running: events, kept in memory for whoever watches.

Whoever comes late gets what still matters first, then all that is new. What has ended is in the database.
"""

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from events import FINAL, Download, Event, Phase, Preview, Queued


@dataclass
class TaskFeed:
    """One task. Written under the room's lock only."""

    log: list[tuple[int, Event]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    started: float | None = None  # time.monotonic()
    phase_since: float = 0.0  # time.monotonic()

    @property
    def phase(self) -> Phase | None:
        return next((event for _, event in reversed(self.log) if isinstance(event, Phase)), None)

    @property
    def preview(self) -> bytes | None:
        return next((event.jpeg for _, event in reversed(self.log) if isinstance(event, Preview)), None)


class TaskFeeds:
    """All tasks that somebody watches or that run. Safe from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._tasks: dict[int, TaskFeed] = {}

    def open(self, task: int) -> TaskFeed:
        with self._changed:
            return self._tasks.setdefault(task, TaskFeed())

    def find(self, task: int) -> TaskFeed | None:
        return self._tasks.get(task)

    def drop(self, task: int) -> None:
        with self._changed:
            self._tasks.pop(task, None)

    def watched(self) -> list[int]:
        with self._changed:
            return list(self._tasks)

    def begin(self, task: int) -> TaskFeed:
        """Its turn has come."""
        live = self.open(task)
        with self._changed:
            live.started = time.monotonic()
        self.tell(task, Queued(0))
        return live

    def tell(self, task: int, event: Event) -> None:
        """Adds an event; what it makes out of date leaves the log, so that a late reader catches up at once."""
        with self._changed:
            live = self._tasks.get(task)
            if live is None:
                return
            phase = live.phase
            if isinstance(event, Phase) and (phase is None or phase.index != event.index):
                live.phase_since = time.monotonic()
            if isinstance(event, Queued) and event.ahead:
                live.started = None
            live.log = [entry for entry in live.log if not _replaces(event, entry[1])]
            live.log.append((next(self._numbers), event))
            if isinstance(event, FINAL):
                del self._tasks[task]
            self._changed.notify_all()

    def updates(self, live: TaskFeed, every: float | None = None) -> Iterator[list[Event]]:
        """What is new, from the first event on and up to the last; an empty list after `every` seconds of silence."""
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: live.log and live.log[-1][0] > seen, timeout=every)  # noqa: B023
                fresh = [entry for entry in live.log if entry[0] > seen]
            if fresh:
                seen = fresh[-1][0]
            yield [event for _, event in fresh]
            if fresh and isinstance(fresh[-1][1], FINAL):
                return


class Changes:
    """Which tasks have changed, for lists that stay up to date. Safe from any thread."""

    KEPT = 20_000

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._last: dict[int, int] = {}  # task -> the number of its last change, oldest first

    @property
    def number(self) -> int:
        return self._number

    def tell(self, tasks: Iterable[int] = ()) -> None:
        with self._changed:
            self._number += 1
            for task in tasks:
                self._last.pop(task, None)
                self._last[task] = self._number
            for task in list(itertools.islice(self._last, max(0, len(self._last) - self.KEPT))):
                del self._last[task]
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float) -> bool:
        """Until something has changed since number `seen`; False where nothing has in `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._number != seen, timeout)

    def since(self, seen: int) -> list[int]:
        with self._changed:
            return [task for task, number in self._last.items() if number > seen]


def _replaces(new: Event, old: Event) -> bool:
    match new, old:
        case Phase(), Phase():
            return new.index == old.index
        case Download(), Download():
            return new.file == old.file
        case (Preview(), Preview()) | (Queued(), Queued()):
            return True
        case Queued(), (Phase() | Preview() | Download()):
            return True  # it is back in the queue: nothing of the run before counts
    return isinstance(new, FINAL) and isinstance(old, (Preview, Queued))
