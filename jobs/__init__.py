"""The durable queue. A *job* is what a person submitted; its *tasks* are single generations.

Start with `queue.py`: `Jobs` is what page, REST and command line call. `lifecycle.py` has the statuses, `runner.py` the
worker, `schema.py` the tables.
"""

from jobs.lock import Holder, holder
from jobs.queue import Jobs
from jobs.records import (
    STATUSES,
    Acted,
    Batch,
    BatchError,
    EngineRow,
    JobPage,
    JobRow,
    Plan,
    Problem,
    QueueState,
    Selection,
    Status,
    Submission,
    TaskDetail,
    TaskPage,
    TaskRow,
)

__all__ = [
    "STATUSES",
    "Acted",
    "Batch",
    "BatchError",
    "EngineRow",
    "Holder",
    "JobPage",
    "JobRow",
    "Jobs",
    "Plan",
    "Problem",
    "QueueState",
    "Selection",
    "Status",
    "Submission",
    "TaskDetail",
    "TaskPage",
    "TaskRow",
    "holder",
]
