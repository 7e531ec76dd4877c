"""The durable queue. A *job* is what a person submitted; its *tasks* are single generations.

Start with `queue.py`: `JobQueue` is what page, REST and command line call. The order inside: `submit/` from a form to
drafts, `store/` everything with SQL, `work/` everything that runs, `files/` kept inputs and outputs.
"""

from jobs.queue import JobQueue
from jobs.types import (
    STATUSES,
    ActionResult,
    Batch,
    EngineSummary,
    JobPage,
    JobSummary,
    Plan,
    QueueState,
    Selection,
    Status,
    Submission,
    TaskDetail,
    TaskPage,
    TaskSummary,
)
from jobs.work.instance_lock import RunningInstance, holder

__all__ = [
    "STATUSES",
    "ActionResult",
    "Batch",
    "EngineSummary",
    "JobPage",
    "JobQueue",
    "JobSummary",
    "Plan",
    "QueueState",
    "RunningInstance",
    "Selection",
    "Status",
    "Submission",
    "TaskDetail",
    "TaskPage",
    "TaskSummary",
    "holder",
]
