"""From a submission to a job in the queue: drafts, the visitor's limit, one insert."""

import modes
from errors import InvalidInputError, LimitError
from jobs.store.insert import Draft, JobInserter
from jobs.store.queries import TaskQueries
from jobs.submit.batch import BatchEntry
from jobs.submit.drafts import DraftBuilder
from jobs.types import Caller, Submission
from modes import Mode


class Submitter:
    """Every method returns the id of a job, and raises what `DraftBuilder` raises, LimitError where a visitor would
    have too much in the queue, and StorageError."""

    def __init__(
        self, queries: TaskQueries, inserter: JobInserter, drafts: DraftBuilder, visitor_limit: int | None
    ) -> None:
        """`visitor_limit` is how many tasks of one visitor may be queued or running; None for any number."""
        self._queries = queries
        self._inserter = inserter
        self._drafts = drafts
        self._visitor_limit = visitor_limit

    def submit(self, caller: Caller, submission: Submission, skip_bad: bool) -> int:
        """A new job, or the one that was made with the same key. Raises InvalidInputError for an empty batch."""
        if found := self._inserter.find(caller, submission.key):
            return found
        return self._insert(caller, submission, self._drafts.drafts(caller, submission, skip_bad))

    def rerun(self, caller: Caller, job: int, new_seeds: bool, key: str | None) -> int:
        """A new job with the tasks of another one, or the one that was made with the same key. Raises NotFoundError."""
        if found := self._inserter.find(caller, key):
            return found
        row, _ = self._queries.job(caller, job)
        submission = Submission(**row.submission).model_copy(update={"key": key, "name": row.name})
        stored = (self._queries.task(caller, task) for task in self._queries.tasks_of(caller, job))
        entries = [BatchEntry(task.row.label, task.details.values) for task in stored]
        return self._insert(
            caller, submission, self._drafts.repeated(row.mode, entries, new_seeds, submission.keep_copies)
        )

    def _insert(self, caller: Caller, submission: Submission, drafts: list[Draft]) -> int:
        if not drafts:
            raise InvalidInputError("This batch is empty.", "batch")
        self._check_limit(caller, len(drafts))
        name = submission.name.strip() or default_name(submission, modes.get(submission.mode))
        return self._inserter.insert(caller, submission, name, drafts)

    def _check_limit(self, caller: Caller, new: int) -> None:
        """Raises LimitError where a visitor would have too much in the queue."""
        if self._visitor_limit is None or not caller.visitor:
            return
        counts = self._queries.counts(caller)
        unfinished = counts.queued + counts.running
        if unfinished + new > self._visitor_limit:
            raise LimitError(
                f"You can have at most {self._visitor_limit:,} in the queue. "
                f"You have {unfinished:,}, and this would add {new:,}.",
                "Wait until some have finished, or cancel some.",
            )


def default_name(submission: Submission, mode: Mode) -> str:
    """The name of a job that a person gave none: the source of its batch, or its prompt."""
    batch = submission.batch
    source = (batch.folder or batch.table) if batch else None
    if source:
        return f"{mode.label}: {source.name}"
    prompt = str(submission.values.get("prompt") or "").strip()
    return (prompt.splitlines()[0] if prompt else mode.label)[:80]
