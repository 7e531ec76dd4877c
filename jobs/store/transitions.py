"""Every change of a task's status: each is one transaction, and only allowed ones happen.

A task that runs is owned by one worker under a lease, whose heartbeat counts up while the worker lives. Whether a lease
is still renewed is seen by watching that number, never by comparing clocks, which may be wrong or put back.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, insert, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from jobs.store.database import Database
from jobs.store.schema import details, flags, log, outputs, task_inputs, tasks
from jobs.types import Failure, Status

ALLOWED_FROM: dict[Status, tuple[Status, ...]] = {
    "running": ("queued",),
    "succeeded": ("running",),
    "failed": ("running",),
    "cancelled": ("queued", "running"),
    "queued": ("running", "failed", "cancelled"),
}
"""The statuses from which a task may change to each status."""

LOOK_AHEAD = 16
"""How many queued tasks a worker looks through for one whose models its engine has loaded."""

MAX_SKIPPED = 8
"""How often the first task may be skipped for that."""

MAX_INTERRUPTIONS = 20
"""Runs of a task that may end because Kinora itself does: a task that takes the whole machine down must not run for
ever."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that a worker owns, with all that is needed to run it."""

    task: int
    job: int
    mode: str
    worker: str
    models: str
    seed: str
    attempts: int
    values: dict[str, Any]
    graph: dict[str, dict[str, Any]]
    phases: dict[str, list[str]]
    inputs: dict[str, str]  # parameter -> the name that the graph asks for


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a running task."""

    task: int
    worker: str
    heartbeat: int
    pending_moves: list[list[str]] | None  # [from, to] of finished files that are being moved


def transition(connection: Connection, which: ColumnElement[bool], to: Status, line: str = "", **values: Any) -> int:
    """Changes the status of those of `which` that may change so, adds `line` to their logs, and returns how many it
    changed."""
    allowed = and_(which, tasks.c.status.in_(ALLOWED_FROM[to]))
    if line:
        now = literal(time.time())
        rows = select(tasks.c.id, now, literal(line)).where(allowed)
        connection.execute(insert(log).from_select(["task", "time", "text"], rows))
    return connection.execute(update(tasks).where(allowed).values(status=to, **values)).rowcount


def log_line(connection: Connection, task: int, line: str) -> None:
    connection.execute(insert(log).values(task=task, time=time.time(), text=line))


class TaskTransitions:
    """The workers' side of the store. Every method may be called from any thread and raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, worker: str, loaded_models: str = "", only_job: int | None = None, only_task: int | None = None
    ) -> Claim | None:
        """Gives the worker the next task; None where there is none. `loaded_models` are those of its engine, as in
        `tasks.models`.

        Among the first LOOK_AHEAD tasks, one of equal priority that needs the same models comes first, but none is
        skipped more than MAX_SKIPPED times.
        """
        with self._database.write() as connection:
            if only_job is None and connection.execute(_paused).scalar():
                return None
            columns = (tasks.c.id, tasks.c.priority, tasks.c.models, tasks.c.skipped)
            waiting = (
                select(*columns)
                .where(tasks.c.status == "queued")
                .order_by(tasks.c.priority.desc(), tasks.c.position)
                .limit(LOOK_AHEAD)
                .with_for_update(skip_locked=True)  # for servers; SQLite lets one write at a time anyway
            )
            if only_job is not None:
                waiting = waiting.where(tasks.c.job == only_job)
            if only_task is not None:
                waiting = waiting.where(tasks.c.id == only_task)
            candidates = connection.execute(waiting).all()
            if not candidates:
                return None
            first = chosen = candidates[0]
            if loaded_models and first.models != loaded_models and first.skipped < MAX_SKIPPED:
                alike = (
                    each for each in candidates if each.priority == first.priority and each.models == loaded_models
                )
                chosen = next(alike, first)
            if chosen is not first:
                connection.execute(update(tasks).where(tasks.c.id == first.id).values(skipped=first.skipped + 1))
            started = {"worker": worker, "started": time.time(), "ended": None, "seconds": None, "error": ""}
            transition(connection, tasks.c.id == chosen.id, "running", f"Claimed by {_short(worker)}", **started)
            return _load(connection, chosen.id)

    def renew(self, workers: Iterable[str]) -> set[int]:
        """Renews the leases of these workers. Returns those of their tasks that somebody has asked to stop."""
        mine = and_(tasks.c.status == "running", tasks.c.worker.in_(list(workers)))
        with self._database.write() as connection:
            connection.execute(update(tasks).where(mine).values(heartbeat=tasks.c.heartbeat + 1))
            asked = connection.execute(select(tasks.c.id).where(mine, tasks.c.stopping.is_(True)))
            return set(asked.scalars())

    def leases(self) -> list[Lease]:
        """The leases of all running tasks, of whatever process."""
        columns = (tasks.c.id, tasks.c.worker, tasks.c.heartbeat, details.c.pending_moves)
        query = select(*columns).join(details, details.c.task == tasks.c.id).where(tasks.c.status == "running")
        with self._database.read() as connection:
            return [Lease(*row) for row in connection.execute(query)]

    def append_log(self, task: int, worker: str, line: str) -> None:
        """Adds a line to the task's log, if the worker still owns the task."""
        with self._database.write() as connection:
            if _owns(connection, task, worker):
                log_line(connection, task, line)

    def record_moves(self, task: int, worker: str, moves: list[list[str]]) -> bool:
        """Stores where finished files are about to be moved; False where the worker no longer owns the task."""
        with self._database.write() as connection:
            if not _owns(connection, task, worker):
                return False
            connection.execute(update(details).where(details.c.task == task).values(pending_moves=moves))
            return True

    def succeed(
        self, task: int, worker: str, files: list[str], seconds: float | None, phase_seconds: Mapping[str, float]
    ) -> bool:
        """Records the result, once; False where the worker no longer owns the task."""
        with self._database.write() as connection:
            ended = {"ended": time.time(), "seconds": seconds, "stopping": False, "outputs": len(files)}
            owned = and_(tasks.c.id == task, tasks.c.worker == worker)
            if not transition(connection, owned, "succeeded", "Done", worker=None, **ended):
                return False
            content = {"phase_seconds": dict(phase_seconds), "pending_moves": None, "failure": None}
            connection.execute(update(details).where(details.c.task == task).values(**content))
            rows = [{"task": task, "number": number, "path": path} for number, path in enumerate(files)]
            if rows:
                connection.execute(insert(outputs), rows)
            return True

    def fail(self, task: int, worker: str, failure: Failure, seconds: float | None) -> bool:
        """Records why the task failed; False where the worker no longer owns it."""
        with self._database.write() as connection:
            owned = and_(tasks.c.id == task, tasks.c.worker == worker)
            return _fail(connection, owned, failure, seconds)

    def cancel(self, task: int, worker: str, seconds: float | None) -> bool:
        """Records that the task was stopped while it ran; False where the worker no longer owns it."""
        with self._database.write() as connection:
            owned = and_(tasks.c.id == task, tasks.c.worker == worker)
            ended = {"ended": time.time(), "seconds": seconds, "stopping": False, "worker": None}
            return bool(transition(connection, owned, "cancelled", "Cancelled while running", **ended))

    def requeue(self, task: int, worker: str, why: str, budget: "RetryBudget | None" = None) -> Status | None:
        """Puts a task back into the queue whose run ended without a result; it fails where `budget` is used up, and is
        cancelled where somebody had asked it to stop.

        Returns the task's new status; None where the worker no longer owns it.
        """
        with self._database.write() as connection:
            owned = and_(tasks.c.id == task, tasks.c.worker == worker, tasks.c.status == "running")
            row = connection.execute(select(tasks).where(owned)).first()
            if row is None:
                return None
            free = {"worker": None, "stopping": False}
            if row.stopping:
                transition(
                    connection, owned, "cancelled", f"{why} It had been asked to stop.", ended=time.time(), **free
                )
                return "cancelled"
            if budget:
                count = row._mapping[budget.counter] + 1
                connection.execute(update(tasks).where(owned).values({budget.counter: count}))
                if count >= budget.most:
                    _fail(connection, owned, budget.failure, None)
                    return "failed"
            transition(connection, owned, "queued", f"{why} It will run again.", started=None, **free)
            connection.execute(update(details).where(details.c.task == task).values(pending_moves=None))
            return "queued"


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How many runs of a task may end without a result: which column counts them, and how the task fails at `most`."""

    counter: Literal["attempts", "interruptions"]
    most: int
    failure: Failure


INTERRUPTED = RetryBudget(
    "interruptions",
    MAX_INTERRUPTIONS,
    Failure(
        kind="interrupted",
        message=f"Kinora stopped {MAX_INTERRUPTIONS} times while this task was running.",
        hint="Try again with a smaller size, while nothing else runs.",
    ),
)


_paused = select(flags.c.value).where(flags.c.name == "paused")


def _fail(connection: Connection, which: ColumnElement[bool], failure: Failure, seconds: float | None) -> bool:
    task = connection.execute(select(tasks.c.id).where(which)).scalar()
    ended = {"ended": time.time(), "seconds": seconds, "stopping": False, "error": failure.message}
    if not transition(connection, which, "failed", failure.message, worker=None, **ended):
        return False
    content = {"failure": failure.model_dump(), "pending_moves": None}
    connection.execute(update(details).where(details.c.task == task).values(**content))
    return True


def _owns(connection: Connection, task: int, worker: str) -> bool:
    owned = and_(tasks.c.id == task, tasks.c.worker == worker, tasks.c.status == "running")
    return connection.execute(select(tasks.c.id).where(owned)).scalar() is not None


def _load(connection: Connection, task: int) -> Claim:
    row = connection.execute(select(tasks, details).join(details).where(tasks.c.id == task)).mappings().one()
    prepared = connection.execute(
        select(task_inputs.c.parameter, task_inputs.c.prepared).where(task_inputs.c.task == task)
    ).all()
    return Claim(
        task=task,
        job=row["job"],
        mode=row["mode"],
        worker=row["worker"],
        models=row["models"],
        seed=row["seed"],
        attempts=row["attempts"],
        values=row["values"],
        graph=row["graph"],
        phases=row["phases"],
        inputs={each.parameter: each.prepared for each in prepared},
    )


def _short(worker: str) -> str:
    """The engine's name in a worker's id: "node/process/engine"."""
    return worker.rsplit("/", 1)[-1]
