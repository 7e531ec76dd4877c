"""What people do to the queue: cancel, retry, reorder, pause. Each is one transaction, and may be repeated safely."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, delete, false, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from jobs.store.database import Database
from jobs.store.queries import jobs_of_caller, tasks_of_caller
from jobs.store.schema import details, flags, jobs, tasks
from jobs.store.transitions import transition
from jobs.types import Caller, Selection

Reseed = Callable[[str, dict[str, Any]], tuple[str, dict[str, Any], dict[str, Any]]]
"""From a mode and values to a new seed, the values with it, and their graph."""


class QueueCommands:
    """People's side of the store. Every method may be called from any thread and raises StorageError.

    Only tasks that the `caller` may see can be selected. Whether the caller may do a thing at all is not checked here.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def cancel(self, caller: Caller, selection: Selection) -> tuple[set[int], set[int]]:
        """Ids of the tasks that were taken out of the queue, and of those that run and are now asked to stop."""
        chosen = _which(caller, selection)
        with self._database.write() as connection:
            queued = and_(chosen, tasks.c.status == "queued")
            running = and_(chosen, tasks.c.status == "running")
            cancelled = set(connection.execute(select(tasks.c.id).where(queued)).scalars())
            stopping = set(connection.execute(select(tasks.c.id).where(running)).scalars())
            transition(connection, queued, "cancelled", "Cancelled before it ran", ended=time.time())
            connection.execute(update(tasks).where(running).values(stopping=True))
            return cancelled, stopping

    def retryable(self, caller: Caller, selection: Selection) -> int:
        """How many tasks `retry` would queue."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).where(_retryable(caller, selection))).scalar_one()

    def retry(self, caller: Caller, selection: Selection, reseed: Reseed | None) -> set[int]:
        """Queues failed and cancelled tasks once more, in place: with the same seeds, or new ones from `reseed`."""
        with self._database.write() as connection:
            found = select(tasks.c.id, tasks.c.mode, details.c["values"]).join(details)
            again = connection.execute(found.where(_retryable(caller, selection))).all()
            for row in again:
                if reseed is None:
                    break
                seed, values, graph = reseed(row.mode, row.values)
                connection.execute(update(tasks).where(tasks.c.id == row.id).values(seed=seed))
                mine = details.c.task == row.id
                connection.execute(update(details).where(mine).values(values=values, graph=graph))
            ids = [row.id for row in again]
            reset = {"attempts": 0, "interruptions": 0, "skipped": 0, "error": ""}
            times = {"started": None, "ended": None, "seconds": None}
            transition(connection, tasks.c.id.in_(ids), "queued", "Queued again", **reset, **times)
            connection.execute(update(details).where(details.c.task.in_(ids)).values(failure=None, phase_seconds={}))
            return set(ids)

    def move_to_front(self, caller: Caller, selection: Selection) -> set[int]:
        """Moves queued tasks before all others, in the order they had among each other."""
        queued = tasks.c.status == "queued"
        with self._database.write() as connection:
            order = (tasks.c.priority.desc(), tasks.c.position)
            ids = list(
                connection.execute(
                    select(tasks.c.id).where(queued, _which(caller, selection)).order_by(*order)
                ).scalars()
            )
            if not ids:
                return set()
            highest = connection.execute(select(func.max(tasks.c.priority)).where(queued)).scalar_one()
            least = select(func.min(tasks.c.position)).where(queued, tasks.c.priority == highest)
            first = connection.execute(least).scalar_one()
            for place, task in enumerate(ids):
                values = {"priority": highest, "position": first - len(ids) + place}
                connection.execute(update(tasks).where(tasks.c.id == task).values(**values))
            return set(ids)

    def set_priority(self, caller: Caller, selection: Selection, priority: int) -> set[int]:
        """Gives queued tasks another priority, and jobs that are selected whole as well."""
        queued = and_(_which(caller, selection), tasks.c.status == "queued")
        with self._database.write() as connection:
            ids = set(connection.execute(select(tasks.c.id).where(queued)).scalars())
            connection.execute(update(tasks).where(queued).values(priority=priority))
            whole = [jobs.c.id.in_(selection.jobs), *jobs_of_caller(caller)]
            connection.execute(update(jobs).where(*whole).values(priority=priority))
            return ids

    def pause(self, paused: bool) -> None:
        """Lets running tasks end and starts no other while paused; a restart does not change that."""
        with self._database.write() as connection:
            connection.execute(delete(flags).where(flags.c.name == "paused"))
            connection.execute(insert(flags).values(name="paused", value=paused))


def _retryable(caller: Caller, selection: Selection) -> ColumnElement[bool]:
    return and_(_which(caller, selection), tasks.c.status.in_(("failed", "cancelled")))


def _which(caller: Caller, selection: Selection) -> ColumnElement[bool]:
    """The condition that the selected tasks meet."""
    chosen: list[ColumnElement[bool]] = []
    if selection.tasks:
        chosen.append(tasks.c.id.in_(selection.tasks))
    if selection.jobs:
        chosen.append(tasks.c.job.in_(selection.jobs))
    if selection.status:
        chosen.append(tasks.c.status == selection.status)
    return and_(or_(*chosen), *tasks_of_caller(caller)) if chosen else false()
