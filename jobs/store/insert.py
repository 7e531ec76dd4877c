"""Drafts become jobs and tasks: one transaction for a whole submission, and the same key never makes two."""

import hashlib
import time

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

import modes
from errors import InvalidInputError, LimitError
from jobs.store.database import Database
from jobs.store.queries import TaskQueries
from jobs.store.schema import details, jobs, task_inputs, tasks
from jobs.store.transitions import note
from jobs.submit.batch import Row
from jobs.submit.drafts import Draft, DraftBuilder, default_name
from jobs.types import Caller, Submission


class JobInserter:
    """Raises what `DraftBuilder` raises, LimitError where a visitor has enough in the queue, and StorageError."""

    def __init__(
        self,
        database: Database,
        queries: TaskQueries,
        drafts: DraftBuilder,
        visitor_limit: int | None,
    ) -> None:
        """`visitor_limit` is how many tasks of one visitor may be queued or running; None for any number."""
        self._database = database
        self._queries = queries
        self._drafts = drafts
        self._visitor_limit = visitor_limit

    def submit(self, caller: Caller, submission: Submission, skip_bad: bool) -> int:
        """The new job's id; of the job that was made with the same key, where there is one."""
        if (key := _stored_key(caller, submission.key)) and (found := self._queries.job_with_key(key)):
            return found
        drafts = self._drafts.drafts(caller, submission, skip_bad)
        return self._store(caller, submission, drafts)

    def rerun(self, caller: Caller, job: int, new_seeds: bool, key: str | None) -> int:
        """The id of a new job with the tasks of another one. Raises NotFoundError."""
        if (known := _stored_key(caller, key)) and (found := self._queries.job_with_key(known)):
            return found
        row, _ = self._queries.job(caller, job)
        submission = Submission(**row.submission).model_copy(update={"key": key, "name": row.name})
        drafts = self._drafts.repeated(row.mode, self._entries(caller, job), new_seeds, submission.keep_copies)
        return self._store(caller, submission, drafts)

    def _entries(self, caller: Caller, job: int) -> list[Row]:
        found = (self._queries.task(caller, task) for task in self._queries.tasks_of(caller, job))
        return [Row(row.label, content.values) for row, content, _, _ in found]

    def _store(self, caller: Caller, submission: Submission, drafts: list[Draft]) -> int:
        if not drafts:
            raise InvalidInputError("There is nothing to make in this batch.", "batch")
        self._refuse_too_many(caller, len(drafts))
        key = _stored_key(caller, submission.key)
        now = time.time()
        name = submission.name.strip() or default_name(submission, modes.get(submission.mode))
        try:
            with self._database.write() as connection:
                job = connection.execute(
                    insert(jobs).values(
                        name=name,
                        mode=submission.mode,
                        priority=submission.priority,
                        submission=submission.model_dump(mode="json"),
                        key=key,
                        created=now,
                        visitor=caller.visitor,
                    )
                ).inserted_primary_key[0]
                common = {
                    "job": job,
                    "status": "queued",
                    "priority": submission.priority,
                    "position": 0,
                    "created": now,
                }
                new = insert(tasks).returning(tasks.c.id, sort_by_parameter_order=True)
                ids = list(connection.execute(new, [draft.task | common for draft in drafts]).scalars())
                # In the order of their ids: those never go back, as a clock might.
                connection.execute(update(tasks).where(tasks.c.job == job).values(position=tasks.c.id))
                pairs = list(zip(ids, drafts, strict=True))
                connection.execute(insert(details), [draft.details | {"task": task} for task, draft in pairs])
                given = [row | {"task": task} for task, draft in pairs for row in draft.inputs]
                if given:
                    connection.execute(insert(task_inputs), given)
                for task in ids:
                    note(connection, task, "Submitted")
                return job
        except IntegrityError:  # the same key, sent twice at the same moment
            found = self._queries.job_with_key(key) if key else None
            if found is None:
                raise
            return found

    def _refuse_too_many(self, caller: Caller, new: int) -> None:
        """Raises LimitError where a visitor would have more than the limit."""
        if self._visitor_limit is None or not caller.visitor:
            return
        counts = self._queries.counts(caller)
        waiting = counts.queued + counts.running
        if waiting + new > self._visitor_limit:
            most = f"You can have at most {self._visitor_limit:,} in the queue"
            raise LimitError(
                f"{most}. You have {waiting:,}, and this would add {new:,}.",
                "Wait until some have finished, or cancel some.",
            )


def _stored_key(caller: Caller, key: str | None) -> str | None:
    """The key as it is stored: two visitors may choose the same one."""
    return hashlib.sha256(f"{caller.visitor}:{key}".encode()).hexdigest() if key and caller.visitor else key
