"""The durable queue. A *job* is what a person submitted; its *tasks* are single generations.

Start with `caller.py`: `CallerQueue` is what page, REST and command line call. `queue.py` puts the parts together:
`store/` has everything with SQL, `files/` kept inputs and outputs, `submit/` leads from a form to a job, `work/` has
everything that runs, `presenter.py` makes the records of `types.py` of what is stored.
"""

from jobs.caller import CallerQueue
from jobs.queue import JobQueue
from jobs.queue_api import QueueApi
from jobs.types import (
    STATUSES,
    ActionResult,
    Batch,
    Caller,
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
from jobs.work.instance_lock import RunningInstance, find_running
