"""Keeps the queue in order: renews leases, takes back the tasks of workers that died, removes inputs no task needs."""

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
from jobs.files.kept_inputs import KeptInputs
from jobs.files.outputs import Outputs
from jobs.store.transitions import INTERRUPTED, Lease, TaskTransitions
from jobs.work.live_events import Revisions, TaskFeeds
from settings import Settings

RENEWALS = 6
"""Times that a lease is renewed within `lease_seconds`."""

SWEEP_EVERY = 3600.0
"""Seconds between looks for inputs that no task needs any more."""

logger = logging.getLogger("kinora.queue")


def node_id(settings: Settings) -> str:
    """Stands for a home folder on a machine in the ids of its workers."""
    return hashlib.sha256(f"{socket.gethostname()}:{settings.home.resolve()}".encode()).hexdigest()[:12]


class Maintenance:
    """The maintenance of one process that runs tasks. `process` is its name in leases."""

    def __init__(
        self,
        settings: Settings,
        transitions: TaskTransitions,
        outputs: Outputs,
        inputs: KeptInputs,
        feeds: TaskFeeds,
        revisions: Revisions,
        node: str,
    ) -> None:
        self.process = f"{node}/{os.getpid()}-{secrets.token_hex(3)}"
        self._node = node
        self._settings = settings
        self._transitions = transitions
        self._outputs = outputs
        self._inputs = inputs
        self._feeds = feeds
        self._revisions = revisions
        self._seen: dict[int, tuple[Lease, float]] = {}  # leases of others, and when they were last seen to change

    def recover(self) -> None:
        """Takes back what an earlier process of this home folder left running. Call it before any worker starts."""
        for lease in self._transitions.leases():
            if lease.worker.startswith(f"{self._node}/"):
                self._take_back(lease)
        self._outputs.remove_unfinished()

    def start(self, workers: Callable[[], list[str]], stopping: threading.Event) -> None:
        """Runs in a thread until `stopping`, and renews the leases of this process's `workers`, by their ids."""
        thread = threading.Thread(target=self._repeat, args=(workers, stopping), name="maintenance", daemon=True)
        thread.start()

    def _repeat(self, workers: Callable[[], list[str]], stopping: threading.Event) -> None:
        swept = 0.0
        while not stopping.wait(self._settings.lease_seconds / RENEWALS):
            try:
                for task in self._transitions.renew(workers()):
                    if feed := self._feeds.find(task):
                        feed.cancelled.set()  # another process asked for it
                self._take_back_stale()
                if time.monotonic() - swept > SWEEP_EVERY or not swept:
                    swept = time.monotonic()
                    self._sweep()
            except StorageError as error:
                logger.warning("%s", error.words)

    def _sweep(self) -> None:
        """Removes inputs that no task needs any more; on a Space, whose disk is small, old outputs as well."""
        days: float | None = None  # as the setting says
        if on_a_space():
            hours = self._settings.keep_outputs_hours
            self._outputs.prune(hours)
            days = hours / 24
        self._inputs.remove(self._inputs.stale(days))

    def _take_back_stale(self) -> None:
        """Takes back tasks whose heartbeat has not changed for `lease_seconds` by this process's own clock."""
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
        """Records finished files; otherwise requeues the task."""
        files = self._outputs.finish(lease.pending_moves or [])
        if files:
            self._transitions.succeed(lease.task, lease.worker, files, None, {})
        else:
            why = "Kinora stopped while this ran."
            self._transitions.requeue(lease.task, lease.worker, why, INTERRUPTED)
            self._feeds.publish(lease.task, Notice(why))
            self._feeds.publish(lease.task, Queued(0))
        self._revisions.mark([lease.task])
