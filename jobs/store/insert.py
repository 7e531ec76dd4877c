"""Drafts become a job and its tasks: one transaction for a whole submission, and the same key never makes two."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from jobs.store.database import ConflictError, Database
from jobs.store.schema import details, jobs, task_inputs, tasks
from jobs.store.transitions import log_line
from jobs.types import Caller, Submission


@dataclass(frozen=True, slots=True)
class Draft:
    """A task before it has an id. The fields hold the columns of `schema.tasks`, `details` and `task_inputs`."""

    task: dict[str, Any]
    details: dict[str, Any]
    inputs: list[dict[str, Any]]


class JobInserter:
    """Every method may be called from any thread and raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, caller: Caller, key: str | None) -> int | None:
        """The id of the job that this caller made with this key."""
        if not key:
            return None
        with self._database.read() as connection:
            return connection.execute(select(jobs.c.id).where(jobs.c.key == _stored_key(caller, key))).scalar()

    def insert(self, caller: Caller, submission: Submission, name: str, drafts: list[Draft]) -> int:
        """The id of a new job, or of the job that another request made with the same key in the meantime."""
        now = time.time()
        job = {
            "name": name,
            "mode": submission.mode,
            "priority": submission.priority,
            "submission": submission.model_dump(mode="json"),
            "key": _stored_key(caller, submission.key),
            "created": now,
            "visitor": caller.visitor,
        }
        common = {"status": "queued", "priority": submission.priority, "position": 0, "created": now}
        try:
            with self._database.write() as connection:
                job_id = connection.execute(insert(jobs).values(job).returning(jobs.c.id)).scalar_one()
                new = insert(tasks).returning(tasks.c.id, sort_by_parameter_order=True)
                rows = [draft.task | common | {"job": job_id} for draft in drafts]
                ids = list(connection.execute(new, rows).scalars())
                # The order of ids is the order of turns: unlike a clock, ids never go back.
                connection.execute(update(tasks).where(tasks.c.job == job_id).values(position=tasks.c.id))
                pairs = list(zip(ids, drafts, strict=True))
                connection.execute(insert(details), [draft.details | {"task": task} for task, draft in pairs])
                inputs = [row | {"task": task} for task, draft in pairs for row in draft.inputs]
                if inputs:
                    connection.execute(insert(task_inputs), inputs)
                for task in ids:
                    log_line(connection, task, "Submitted")
                return job_id
        except ConflictError:  # the same key, sent twice at the same moment
            found = self.find(caller, submission.key)
            if found is None:
                raise
            return found


def _stored_key(caller: Caller, key: str | None) -> str | None:
    """The key as it is stored: two visitors may choose the same one."""
    return hashlib.sha256(f"{caller.visitor}:{key}".encode()).hexdigest() if key and caller.visitor else key
