"""Reads the store: pages of tasks and jobs, counts, one task whole, whose a file is, how long earlier runs took."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from errors import InvalidInputError, NotFoundError
from jobs.store.database import Database
from jobs.store.schema import details, flags, inputs, jobs, log, outputs, task_inputs, tasks
from jobs.types import MAX_ID, STATUSES, Caller, Counts, Status

KEPT_TIMINGS = 8
"""How many of the latest runs tell how long the next one takes."""

_row = (*tasks.c, jobs.c.name.label("job_name"))
_order: dict[Status, tuple[Any, ...]] = {
    "running": (tasks.c.priority.desc(), tasks.c.position, tasks.c.id),
    "failed": (tasks.c.ended.desc(), tasks.c.id.desc()),
    "queued": (tasks.c.priority.desc(), tasks.c.position, tasks.c.id),
    "succeeded": (tasks.c.ended.desc(), tasks.c.id.desc()),
    "cancelled": (tasks.c.ended.desc(), tasks.c.id.desc()),
}


@dataclass(frozen=True, slots=True)
class StoredTask:
    """Everything that is stored about a task: rows of the tables of these names, `outputs` as paths."""

    row: Row[Any]
    details: Row[Any]
    inputs: list[Row[Any]]
    outputs: list[str]
    log: list[Row[Any]]


class TaskQueries:
    """Reads only. Every method may be called from any thread and raises StorageError.

    What takes a `caller` finds nothing but what that caller may see.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def tasks(
        self,
        caller: Caller,
        statuses: Sequence[Status],
        job: int | None,
        search: str,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Row[Any]], int, str | None]:
        """A page of tasks, how many there are in all, and the cursor of the next page.

        Status by status (in the order of STATUSES), so that each part of the list is read off its index.
        """
        chosen = [*tasks_of_caller(caller), *_filters(job, search)]
        start = _offset(cursor)
        with self._database.read() as connection:
            counts = _counts(connection, chosen)
            rows: list[Row[Any]] = []
            skip = start
            for status in STATUSES:
                if status not in statuses or skip >= counts[status]:
                    skip -= counts[status] if status in statuses else 0
                    continue
                if len(rows) < limit:
                    part = _page_query(status, chosen, limit - len(rows), skip)
                    rows += connection.execute(part).all()
                skip = 0
        total = sum(counts[status] for status in statuses)
        end = start + len(rows)
        return rows, total, _cursor(end) if end < total else None

    def rows(self, caller: Caller, ids: Iterable[int]) -> list[Row[Any]]:
        """Those of these tasks that exist, in the order of their ids."""
        mine = tasks_of_caller(caller)
        query = select(*_row).join(jobs).where(tasks.c.id.in_(list(ids)), *mine).order_by(tasks.c.id)
        with self._database.read() as connection:
            return list(connection.execute(query).all())

    def task(self, caller: Caller, task: int) -> StoredTask:
        """Raises NotFoundError."""
        with self._database.read() as connection:
            mine = tasks_of_caller(caller)
            row = connection.execute(select(*_row).join(jobs).where(tasks.c.id == task, *mine)).first()
            if row is None:
                raise NotFoundError(f"There is no task {task}.", "task")
            content = connection.execute(select(details).where(details.c.task == task)).one()
            given = connection.execute(select(task_inputs).where(task_inputs.c.task == task)).all()
            made = select(outputs.c.path).where(outputs.c.task == task).order_by(outputs.c.number)
            paths = list(connection.execute(made).scalars())
            lines = connection.execute(select(log).where(log.c.task == task).order_by(log.c.id)).all()
        return StoredTask(row, content, list(given), paths, list(lines))

    def jobs(
        self, caller: Caller, limit: int, cursor: str | None, search: str
    ) -> tuple[list[Row[Any]], dict[int, Counts], str | None]:
        """A page of jobs, newest first, the counts of each, and the cursor of the next page."""
        query = select(jobs).where(*jobs_of_caller(caller)).order_by(jobs.c.id.desc()).limit(limit + 1)
        if search:
            query = query.where(jobs.c.name.ilike(f"%{_plain(search)}%", escape="\\"))
        if cursor:
            query = query.where(jobs.c.id < _offset(cursor))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            following = _cursor(rows[limit - 1].id) if len(rows) > limit else None
            rows = rows[:limit]
            return list(rows), _counts_by_job(connection, [row.id for row in rows]), following

    def job(self, caller: Caller, job: int) -> tuple[Row[Any], Counts]:
        """Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job, *jobs_of_caller(caller))).first()
            if row is None:
                raise NotFoundError(f"There is no job {job}.", "job")
            return row, _counts_by_job(connection, [job])[job]

    def tasks_of(self, caller: Caller, job: int) -> list[int]:
        """Ids, in the order in which they were submitted."""
        with self._database.read() as connection:
            mine = select(tasks.c.id).where(tasks.c.job == job, *tasks_of_caller(caller))
            return list(connection.execute(mine.order_by(tasks.c.id)).scalars())

    def counts(self, caller: Caller) -> Counts:
        with self._database.read() as connection:
            return Counts(**_counts(connection, tasks_of_caller(caller)))

    def made(self, caller: Caller, paths: Iterable[Path]) -> bool:
        """Whether one of these paths is an output of a task that the caller may see."""
        query = select(outputs.c.task).join(tasks).where(outputs.c.path.in_([str(path) for path in paths]))
        with self._database.read() as connection:
            return connection.execute(query.where(*tasks_of_caller(caller)).limit(1)).first() is not None

    def kept_for(self, caller: Caller, name: str) -> bool:
        """Whether the kept input of this name belongs to a task that the caller may see."""
        query = select(task_inputs.c.task).join(inputs).join(tasks).where(inputs.c.name == name)
        with self._database.read() as connection:
            return connection.execute(query.where(*tasks_of_caller(caller)).limit(1)).first() is not None

    def paused(self) -> bool:
        with self._database.read() as connection:
            return bool(connection.execute(select(flags.c.value).where(flags.c.name == "paused")).scalar())

    def ahead(self, task: int) -> int:
        """How many tasks run or come before a queued one."""
        with self._database.read() as connection:
            row = connection.execute(select(tasks.c.priority, tasks.c.position).where(tasks.c.id == task)).first()
            if row is None:
                return 0
            earlier = or_(
                tasks.c.priority > row.priority,
                and_(tasks.c.priority == row.priority, tasks.c.position < row.position),
            )
            waiting = select(func.count()).where(tasks.c.status == "queued", earlier)
            running = select(func.count()).where(tasks.c.status == "running")
            return connection.execute(waiting).scalar_one() + connection.execute(running).scalar_one()

    def phase_times_like(self, task: int) -> list[dict[str, float]]:
        """Seconds by phase of the latest runs of a task's kind."""
        kind = select(tasks.c.timing).where(tasks.c.id == task).scalar_subquery()
        query = (
            select(details.c.phase_seconds)
            .join(tasks)
            .where(tasks.c.timing == kind, tasks.c.status == "succeeded")
            .order_by(tasks.c.ended.desc())
            .limit(KEPT_TIMINGS)
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def phase_labels(self, task: int) -> list[str]:
        with self._database.read() as connection:
            return list(connection.execute(select(details.c.phases).where(details.c.task == task)).scalar_one())

    def run_times(self, timing: str) -> list[float]:
        """Seconds that the latest runs of that kind took."""
        kind = and_(tasks.c.timing == timing, tasks.c.status == "succeeded")
        query = select(tasks.c.seconds).where(kind).order_by(tasks.c.ended.desc()).limit(KEPT_TIMINGS)
        with self._database.read() as connection:
            return [seconds for seconds in connection.execute(query).scalars() if seconds is not None]

    def queued_kinds(self) -> dict[str, int]:
        """How many tasks are queued or running, by their kind of timing."""
        waiting = tasks.c.status.in_(("queued", "running"))
        query = select(tasks.c.timing, func.count()).where(waiting).group_by(tasks.c.timing)
        with self._database.read() as connection:
            return dict(connection.execute(query).all())


def tasks_of_caller(caller: Caller) -> list[ColumnElement[bool]]:
    """The conditions for tasks that the caller may see; none for a caller who may see everything."""
    return [tasks.c.job.in_(select(jobs.c.id).where(*jobs_of_caller(caller)))] if caller.visitor else []


def jobs_of_caller(caller: Caller) -> list[ColumnElement[bool]]:
    return [jobs.c.visitor == caller.visitor] if caller.visitor else []


def _page_query(status: Status, chosen: Sequence[ColumnElement[bool]], limit: int, skip: int) -> Select[Any]:
    """Tasks of one status in its order."""
    query = select(*_row).join(jobs).where(tasks.c.status == status, *chosen)
    return query.order_by(*_order[status]).limit(limit).offset(skip)


def _counts(connection: Connection, chosen: Sequence[ColumnElement[bool]]) -> dict[Status, int]:
    query = select(tasks.c.status, func.count()).where(*chosen).group_by(tasks.c.status)
    found = dict(connection.execute(query).all())
    return {status: found.get(status, 0) for status in STATUSES}


def _counts_by_job(connection: Connection, ids: list[int]) -> dict[int, Counts]:
    query = select(tasks.c.job, tasks.c.status, func.count()).where(tasks.c.job.in_(ids))
    found: dict[int, dict[str, int]] = {job: {} for job in ids}
    for job, status, count in connection.execute(query.group_by(tasks.c.job, tasks.c.status)):
        found[job][status] = count
    return {job: Counts(**counts) for job, counts in found.items()}


def _filters(job: int | None, search: str) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if job is not None:
        chosen.append(tasks.c.job == job)
    if search.strip():
        words = f"%{_plain(search.strip())}%"
        named = select(jobs.c.id).where(jobs.c.name.ilike(words, escape="\\"))
        chosen.append(
            or_(tasks.c.label.ilike(words, escape="\\"), tasks.c.job.in_(named), tasks.c.seed == search.strip())
        )
    return chosen


def _plain(search: str) -> str:
    """The search for LIKE, in which its own signs stand for themselves."""
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        found = None
    if type(found) is not int or not 0 <= found <= MAX_ID:
        raise InvalidInputError(
            "This cursor is not valid.", "cursor", "Use the value of `next` from the previous page."
        )
    return found
