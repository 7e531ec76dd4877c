"""From a submission to a job in the queue: drafts, the visitor's limit, one insert."""

import modes
from errors import InvalidInputError
from jobs.store.insert import Draft, JobInserter
from jobs.store.queries import TaskQueries
from jobs.submit.batch import BatchEntry
from jobs.submit.drafts import DraftBuilder
from jobs.submit.visitor_limit import VisitorLimit
from jobs.types import Caller, Submission
from modes import Mode


class Submitter:
    """Every method returns the id of a job, and raises what `DraftBuilder` raises, LimitError where a visitor would
    have too many tasks in the queue, and StorageError."""

    def __init__(self, queries: TaskQueries, inserter: JobInserter, drafts: DraftBuilder, limit: VisitorLimit) -> None:
        self._queries = queries
        self._inserter = inserter
        self._drafts = drafts
        self._limit = limit

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
        self._limit.check(caller, len(drafts))
        name = submission.name.strip() or _default_name(submission, modes.get(submission.mode))
        return self._inserter.insert(caller, submission, name, drafts)


def _default_name(submission: Submission, mode: Mode) -> str:
    """The name of a job that a person gave none: the source of its batch, or its prompt."""
    batch = submission.batch
    source = (batch.folder or batch.table) if batch else None
    if source:
        return f"{mode.label}: {source.name}"
    prompt = str(submission.values.get("prompt") or "").strip()
    return (prompt.splitlines()[0] if prompt else mode.label)[:80]
