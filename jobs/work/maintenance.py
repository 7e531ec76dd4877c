"""What keeps the queue in order: leases renewed, tasks of workers that died taken back, unneeded inputs removed."""

import hashlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from errors import StorageError
from events import Notice, Queued
from host import on_a_space
from jobs.files.kept_inputs import Inputs
from jobs.files.outputs import Outputs
from jobs.store.transitions import INTERRUPTED, Lease, TaskTransitions
from jobs.work.live_events import ChangeLog, TaskFeeds
from settings import Settings

RENEW = 6  # times within `lease_seconds`
SWEEP_EVERY = 3600.0  # seconds between looks for inputs that nobody needs any more

logger = logging.getLogger("kinora.queue")


def node_id(settings: Settings) -> str:
    """Stands for a data folder on a machine in the names of its workers."""
    return hashlib.sha256(f"{socket.gethostname()}:{settings.home.resolve()}".encode()).hexdigest()[:12]


class Maintenance:
    """The housekeeping of one process that works on the queue."""

    def __init__(
        self,
        settings: Settings,
        transitions: TaskTransitions,
        outputs: Outputs,
        inputs: Inputs,
        feeds: TaskFeeds,
        changes: ChangeLog,
        node: str,
    ) -> None:
        self.process = f"{node}/{os.getpid()}-{secrets.token_hex(3)}"
        self._node = node
        self._settings = settings
        self._transitions = transitions
        self._outputs = outputs
        self._inputs = inputs
        self._feeds = feeds
        self._changes = changes
        self._seen: dict[int, tuple[Lease, float]] = {}  # leases of others, and when they were last seen to change

    def recover(self) -> None:
        """At the start, when nobody else works on this data folder: all that it has running was left behind."""
        for lease in self._transitions.leases():
            if lease.worker.startswith(f"{self._node}/"):
                self._take_back(lease)
        self._outputs.sweep()

    def start(self, workers: Callable[[], list[str]], stopping: threading.Event) -> None:
        """Goes on in the background until `stopping`, renewing the leases of this process's `workers`."""
        thread = threading.Thread(target=self._repeat, args=(workers, stopping), name="maintenance", daemon=True)
        thread.start()

    def _repeat(self, workers: Callable[[], list[str]], stopping: threading.Event) -> None:
        swept = 0.0
        while not stopping.wait(self._settings.lease_seconds / RENEW):
            try:
                for task in self._transitions.renew(workers()):
                    if feed := self._feeds.find(task):
                        feed.cancelled.set()  # asked for by another process
                self._take_back_stale()
                if time.monotonic() - swept > SWEEP_EVERY or not swept:
                    swept = time.monotonic()
                    self._sweep()
            except StorageError as error:
                logger.warning("%s", error.words)

    def _sweep(self) -> None:
        """Removes inputs that nobody needs any more; on a Space, whose disk is small and shared, results as well."""
        days = self._settings.keep_inputs_days
        if on_a_space():
            hours = self._settings.keep_outputs_hours
            self._outputs.prune(hours)
            days = hours / 24
        self._inputs.remove(self._inputs.stale(days))

    def _take_back_stale(self) -> None:
        """A lease that has stood still for `lease_seconds` by this process's own count is nobody's."""
        now = time.monotonic()
        leases = {lease.task: lease for lease in self._transitions.leases()}
        self._seen = {task: seen for task, seen in self._seen.items() if task in leases}
        for task, lease in leases.items():
            seen, since = self._seen.get(task, (None, now))
            if seen is None or (seen.worker, seen.heartbeat) != (lease.worker, lease.heartbeat):
                self._seen[task] = (lease, now)
            elif now - since > self._settings.lease_seconds:
                self._take_back(lease)
                del self._seen[task]

    def _take_back(self, lease: Lease) -> None:
        """What was finished is recorded; the rest runs again."""
        files = self._outputs.found(lease.pending_moves or [])
        if files:
            self._transitions.succeed(lease.task, lease.worker, files, None, {})
        else:
            why = "Kinora ended while this ran."
            self._transitions.requeue(lease.task, lease.worker, why, INTERRUPTED)
            self._feeds.publish(lease.task, Notice(why))
            self._feeds.publish(lease.task, Queued(0))
        self._changes.mark([lease.task])
