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
from jobs.types import Submission


class JobInserter:
    """Raises what `DraftBuilder` raises, LimitError where a visitor has enough in the queue, and StorageError."""

    def __init__(
        self,
        database: Database,
        listing: TaskQueries,
        drafting: DraftBuilder,
        visitor: str = "",
        most: int | None = None,
    ) -> None:
        """`most` is how many tasks of this `visitor` may be queued or running."""
        self._database = database
        self._listing = listing
        self._drafting = drafting
        self._visitor = visitor
        self._most = most if visitor else None

    def submit(self, submission: Submission, skip_bad: bool) -> int:
        """The new job's id; of the job that was made with the same key, where there is one."""
        if (key := self._key(submission.key)) and (found := self._listing.job_with_key(key)):
            return found
        drafts = self._drafting.drafts(submission, skip_bad)
        return self._store(submission, drafts)

    def again(self, job: int, new_seeds: bool, key: str | None) -> int:
        """The id of a new job with the tasks of another one. Raises NotFoundError."""
        if (known := self._key(key)) and (found := self._listing.job_with_key(known)):
            return found
        row, _ = self._listing.job(job)
        submission = Submission(**row.submission).model_copy(update={"key": key, "name": row.name})
        drafts = self._drafting.repeated(row.mode, self._rows(job), new_seeds, submission.keep_copies)
        return self._store(submission, drafts)

    def _rows(self, job: int) -> list[Row]:
        found = (self._listing.task(task) for task in self._listing.tasks_of(job))
        return [Row(row.label, content.values) for row, content, _, _ in found]

    def _store(self, submission: Submission, drafts: list[Draft]) -> int:
        if not drafts:
            raise InvalidInputError("There is nothing to make in this batch.", "batch")
        self._refuse_too_many(len(drafts))
        key = self._key(submission.key)
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
                        visitor=self._visitor,
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
            found = self._listing.job_with_key(key) if key else None
            if found is None:
                raise
            return found

    def _key(self, key: str | None) -> str | None:
        """Two visitors may choose the same one."""
        return hashlib.sha256(f"{self._visitor}:{key}".encode()).hexdigest() if key and self._visitor else key

    def _refuse_too_many(self, new: int) -> None:
        if self._most is None:
            return
        counts = self._listing.counts()
        waiting = counts.queued + counts.running
        if waiting + new > self._most:
            raise LimitError(
                f"You can have at most {self._most:,} in the queue. You have {waiting:,}, and this would add {new:,}.",
                "Wait until some have finished, or cancel some.",
            )
