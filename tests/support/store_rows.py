"""A queue's store filled with rows, for tests of the store alone: nothing here needs an engine."""

import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, select, update

from jobs.store.commands import QueueCommands
from jobs.store.database import Database
from jobs.store.queries import TaskQueries
from jobs.store.schema import details, jobs, log, metadata, tasks
from jobs.store.transitions import Claim, TaskTransitions
from jobs.types import Status

GRAPH = {str(node): {"class_type": "KSampler", "inputs": {"text": "x" * 200}} for node in range(40)}  # about 10 kB


class Store:
    """The parts of the store over one database, and rows in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.transitions = TaskTransitions(database)
        self.commands = QueueCommands(database)
        self.queries = TaskQueries(database)

    def empty(self) -> None:
        with self.database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

    def job(self, name: str = "a job") -> int:
        values = {"name": name, "mode": "t2v", "priority": 0, "submission": {}, "key": None, "created": time.time()}
        with self.database.write() as connection:
            return connection.execute(insert(jobs).values(**values).returning(jobs.c.id)).scalar_one()

    def fill(self, count: int = 1, job: int | None = None, graph: Any = None, **row: Any) -> list[int]:
        """Ids of new tasks: queued ones, unless `row` says otherwise."""
        job = job or self.job()
        plain = {"mode": "t2v", "label": "a kite", "status": "queued", "priority": 0, "seed": "7", "size": ""}
        plain |= {"models": "", "timing": "t2v", "created": time.time(), "position": 0, "job": job}
        content = {"values": {"seed": 7}, "announced": {}, "graph": graph or {}, "phases": {}}
        content |= {"phase_seconds": {}}
        with self.database.write() as connection:
            new = insert(tasks).returning(tasks.c.id, sort_by_parameter_order=True)
            ids = list(connection.execute(new, [plain | row for _ in range(count)]).scalars())
            if "position" not in row:
                connection.execute(update(tasks).where(tasks.c.id.in_(ids)).values(position=tasks.c.id))
            connection.execute(insert(details), [content | {"task": task} for task in ids])
        return ids

    def claim(self, worker: str = "home/one/engine", loaded: str = "") -> Claim:
        claim = self.transitions.claim(worker, loaded)
        assert claim is not None
        return claim

    def column(self, task: int, name: str) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(tasks.c[name]).where(tasks.c.id == task)).scalar_one()

    def status(self, task: int) -> Status:
        return self.column(task, "status")

    def logged(self, task: int) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(select(log.c.text).where(log.c.task == task).order_by(log.c.id)).scalars())


def plans(database: Database, statements: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Each SQLite statement, and how the database goes about it: EXPLAIN QUERY PLAN's lines."""
    found = []
    with database.read() as connection:
        for statement, parameters in statements:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            found.append((statement, "\n".join(row.detail for row in rows)))
    return found
