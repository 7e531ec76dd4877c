"""How many tasks of one visitor may be in the queue at the same time."""

from errors import LimitError
from jobs.store.queries import TaskQueries
from jobs.types import Caller


class VisitorLimit:
    """`most` is how many tasks of one visitor may be queued or running; None for any number."""

    def __init__(self, queries: TaskQueries, most: int | None) -> None:
        self._queries = queries
        self._most = most

    def check(self, caller: Caller, new: int) -> None:
        """Raises LimitError where a visitor would have too many tasks in the queue, and StorageError."""
        if self._most is None or not caller.visitor:
            return
        counts = self._queries.counts(caller)
        unfinished = counts.queued + counts.running
        if unfinished + new > self._most:
            raise LimitError(
                f"You can have at most {self._most:,} tasks in the queue. "
                f"You have {unfinished:,}, and this would add {new:,}.",
                "Wait until some have finished, or cancel some.",
            )
