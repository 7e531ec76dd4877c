"""What one caller may see and do in the queue: the methods that page, REST and command line call."""

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

from backend.contract import EngineState
from errors import ForbiddenError, InvalidInputError, NotFoundError, RateLimitError
from events import Cancelled, Event, Failed, Output, Queued
from jobs.queue import JobQueue
from jobs.types import (
    MAX_PRIORITY,
    MIN_PRIORITY,
    OWNER,
    STATUSES,
    ActionResult,
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
from models import Presence
from modes import Mode, Params
from settings import Settings

IMMEDIATE = 1.0
"""Seconds that a cancel waits to see whether the running tasks stop at once."""


class CallerQueue:
    """The queue as one caller sees it; without a caller as the person at this machine does, who may do everything.

    Cheap to make: everything it needs is in the `JobQueue`. The methods may be called from any thread, and raise
    StorageError where the database cannot be used.
    """

    def __init__(self, queue: JobQueue, caller: Caller = OWNER) -> None:
        self.caller = caller
        self._queue = queue

    # What people ask for

    def plan(self, submission: Submission) -> Plan:
        """What a submission would come to. Raises what `submit` raises, but lists the problems of a batch."""
        return self._queue.drafts.plan(self.caller, submission, self._queue.presenter.seconds_of)

    def submit(self, submission: Submission, skip_bad: bool = False) -> JobSummary:
        """Checks all values, keeps the inputs, draws the seeds, builds the graphs and queues the tasks, or nothing.

        Raises InvalidInputError for an unknown mode, InvalidParamsError with a sentence for each field at fault,
        MissingModelError for a model file that is neither here nor known, BatchError for a batch with entries that
        cannot run (`skip_bad` leaves those out), ForbiddenError for what a visitor may not do or a file that may not be
        named, and LimitError.
        """
        if submission.priority:
            self._refuse_visitors()
        if self.settings.zerogpu and (submission.batch or submission.tries > 1):
            raise ForbiddenError(
                "This Space generates one clip at a time, while you watch, because the GPU is lent for one run.",
                "batch",
                "For batches, run Kinora on your own machine.",
            )
        self._count_submission()
        return self._submitted(self._queue.submitter.submit(self.caller, submission, skip_bad))

    def rerun(self, job: int, new_seeds: bool = False, key: str | None = None) -> JobSummary:
        """Queues a copy of a whole job. The same `key` makes only one. Raises NotFoundError and LimitError."""
        self._count_submission()
        return self._submitted(self._queue.submitter.rerun(self.caller, job, new_seeds, key))

    def run_for_viewer(self, task: int) -> None:
        """Runs a queued task for the person who is about to watch it; call it in the context of their request.

        On ZeroGPU the platform reads from that context whose time on the GPU is used. Anywhere else workers take tasks
        by themselves, and this does nothing. Raises NotFoundError.
        """
        if self._queue.on_demand and self.task(task).status == "queued":
            self._queue.on_demand.begin(task)

    def cancel(self, selection: Selection) -> ActionResult:
        """Takes tasks out of the queue, and stops those that run. What has ended stays as it is."""
        cancelled, stopping = self._queue.commands.cancel(self.caller, selection)
        for task in cancelled:
            self._queue.feeds.publish(task, Cancelled())
        for task in stopping:
            if feed := self._queue.feeds.find(task):
                feed.cancelled.set()
        self._queue.changed(cancelled | stopping)
        pending = stopping
        deadline = time.monotonic() + IMMEDIATE
        while pending and time.monotonic() < deadline:
            time.sleep(0.02)
            rows = self._queue.queries.rows(self.caller, pending)
            pending = {row.id for row in rows if row.status == "running"}
        return ActionResult(changed=len(cancelled | stopping) - len(pending), pending=len(pending))

    def retry(self, selection: Selection, new_seeds: bool = False) -> ActionResult:
        """Queues failed and cancelled tasks once more, in place. Raises LimitError."""
        self._count_submission()
        self._queue.visitor_limit.check(self.caller, self._queue.commands.retryable(self.caller, selection))
        reseed = self._queue.drafts.reseed if new_seeds else None
        return self._acted(self._queue.commands.retry(self.caller, selection, reseed))

    def move_to_front(self, selection: Selection) -> ActionResult:
        """Moves queued tasks before all others. Raises ForbiddenError for a visitor."""
        self._refuse_visitors()
        return self._acted(self._queue.commands.move_to_front(self.caller, selection))

    def set_priority(self, selection: Selection, priority: int) -> ActionResult:
        """Gives queued tasks another priority, -100 to 100; higher runs first. Raises ForbiddenError for a visitor."""
        self._refuse_visitors()
        if not MIN_PRIORITY <= priority <= MAX_PRIORITY:
            raise InvalidInputError(f"Priority must be from {MIN_PRIORITY} to {MAX_PRIORITY}.", "priority")
        return self._acted(self._queue.commands.set_priority(self.caller, selection, priority))

    def pause(self, paused: bool = True) -> QueueState:
        """Lets running tasks end, and starts none until `pause(False)`; a restart does not change that.

        Raises ForbiddenError for a visitor.
        """
        self._refuse_visitors()
        self._queue.commands.pause(paused)
        self._queue.changed()
        return self.state()

    # What there is

    def tasks(
        self,
        statuses: Sequence[Status] = STATUSES,
        job: int | None = None,
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> TaskPage:
        """A page of tasks: running, failed, queued in the order of their turns, then the newest of those that ended."""
        rows, total, following = self._queue.queries.tasks(self.caller, statuses, job, search, limit, cursor)
        return TaskPage(tasks=[self._queue.presenter.summary(row) for row in rows], total=total, next=following)

    def summaries(self, ids: Iterable[int]) -> list[TaskSummary]:
        """Summaries of those of these tasks that exist."""
        return [self._queue.presenter.summary(row) for row in self._queue.queries.rows(self.caller, ids)]

    def task(self, task: int) -> TaskDetail:
        """Raises NotFoundError."""
        return self._queue.presenter.detail(self.caller, task)

    def first_task(self, job: int) -> int:
        """The id of a job's first task; a single generation has no other. Raises NotFoundError."""
        ids = self._queue.queries.tasks_of(self.caller, job)
        if not ids:
            raise NotFoundError(f"There is no job {job}.", "job")
        return ids[0]

    def job(self, job: int) -> JobSummary:
        """Raises NotFoundError."""
        return self._queue.presenter.job(*self._queue.queries.job(self.caller, job))

    def jobs(self, limit: int = 50, cursor: str | None = None, search: str = "") -> JobPage:
        """A page of jobs, newest first."""
        rows, counts, following = self._queue.queries.jobs(self.caller, limit, cursor, search)
        return JobPage(jobs=[self._queue.presenter.job(row, counts[row.id]) for row in rows], next=following)

    def state(self) -> QueueState:
        return QueueState(
            paused=self._queue.queries.paused(),
            blocked_reason=self._queue.blocked_reason,
            counts=self._queue.queries.counts(self.caller),
            engines=self.engines(),
            on_demand=self.settings.zerogpu,
            seconds_left=self._queue.presenter.seconds_left(len(self._queue.workers)),
        )

    def engines(self) -> list[EngineSummary]:
        """Summaries of the engines; the task of one that runs another visitor's task is None."""
        summaries = self._queue.engine_summaries()
        if not self.caller.visitor:
            return summaries
        running = [each.task for each in summaries if each.task]
        visible = {row.id for row in self._queue.queries.rows(self.caller, running)}
        return [each if each.task in visible else each.model_copy(update={"task": None}) for each in summaries]

    @property
    def why_waiting(self) -> str:
        """Why no queued task starts now, as a sentence; "" where one can."""
        return "The queue is paused." if self._queue.queries.paused() else self._queue.blocked_reason

    @property
    def engine(self) -> EngineState:
        """The state of the first engine that can work, or of the first one where none can."""
        return self._queue.engine

    @property
    def settings(self) -> Settings:
        return self._queue.settings

    def to_download(self, mode: Mode, params: Params) -> list[Presence]:
        """The model files that would be downloaded before such a run."""
        if self.settings.use_demo:
            return []
        return self._queue.models.report(self._queue.models.missing(mode.preview_graph(params)))

    def loras(self) -> list[str]:
        """Names of the LoRA files that are here."""
        return self._queue.models.available("loras")

    # What happens

    @property
    def stopped(self) -> bool:
        """Whether Kinora is ending."""
        return self._queue.stopped

    @property
    def revision(self) -> int:
        """A number that grows with each change of the queue."""
        return self._queue.revisions.newest

    def changed_since(self, revision: int) -> list[int]:
        """Ids of the tasks that have changed since then, of whoever they are; oldest change first."""
        return self._queue.revisions.since(revision)

    def updates(self, task: int, every: float | None = None) -> Generator[list[Event], None, None]:
        """A task's events that still matter, then the new ones up to its end; [] after `every` seconds of silence.

        Raises NotFoundError.
        """
        detail = self.task(task)  # first, so that who may not see the task opens nothing
        if detail.status in ("queued", "running"):
            with self._queue.feeds.watch(task) as feed:
                detail = self.task(task)  # again: it may have ended before the feed was there
                if detail.status == "queued" and not feed.log:
                    self._queue.feeds.publish(task, Queued(self._queue.queries.ahead(task)))
                if detail.status in ("queued", "running"):
                    yield from self._queue.feeds.updates(feed, every)
                    return
        yield [_end(detail)]

    def events(self, task: int) -> Iterator[Event]:
        """The events of `updates`, one by one."""
        for fresh in self.updates(task):
            yield from fresh

    def preview(self, task: int) -> bytes | None:
        """The newest preview of a running task as JPEG; None where there is none."""
        if not self._queue.queries.rows(self.caller, [task]):
            return None
        feed = self._queue.feeds.find(task)
        return feed.preview if feed else None

    def is_stopping(self, task: TaskDetail) -> bool:
        """Whether the task runs and was asked to stop."""
        feed = self._queue.feeds.find(task.id)
        return feed is not None and feed.cancelled.is_set()

    def elapsed(self, task: TaskDetail) -> float:
        """Seconds since the task's turn came, 0 before."""
        if task.seconds is not None:
            return task.seconds
        feed = self._queue.feeds.find(task.id)
        return time.monotonic() - feed.started if feed and feed.started is not None else 0.0

    def time_left(self, task: TaskDetail) -> float | None:
        """Seconds until a task that has not ended will be done; None without earlier runs of its kind."""
        return self._queue.presenter.time_left(task.id)

    # Files

    def input_file(self, task: int, parameter: str) -> Path:
        """The file of a task's media parameter. Raises NotFoundError."""
        detail = self.task(task)
        file = Path(str(detail.values.get(parameter)))
        if parameter not in {each.parameter for each in detail.inputs} or not file.is_file():
            raise NotFoundError("This input no longer exists.", parameter)
        return file

    def output_file(self, task: int, number: int) -> Path:
        """A file that a task made. Raises NotFoundError."""
        outputs = self.task(task).outputs_list
        if not 0 <= number < len(outputs) or outputs[number].bytes is None:
            raise NotFoundError("This result no longer exists.", "task")
        return Path(outputs[number].path)

    def _submitted(self, job: int) -> JobSummary:
        self._queue.changed(self._queue.queries.tasks_of(self.caller, job))
        return self.job(job)

    def _acted(self, changed: set[int]) -> ActionResult:
        self._queue.changed(changed)
        return ActionResult(changed=len(changed))

    def _count_submission(self) -> None:
        """Raises RateLimitError where the caller's address has submitted too often."""
        if self.caller.client and (seconds := self._queue.submissions.take(self.caller.client)):
            raise RateLimitError("submissions", seconds)

    def _refuse_visitors(self) -> None:
        """Raises ForbiddenError for a visitor."""
        if self.caller.visitor:
            raise ForbiddenError("Only the person who runs this Kinora may reorder or pause the queue.")


def _end(task: TaskDetail) -> Output | Failed | Cancelled:
    """The last event of a task that has ended."""
    if task.status == "succeeded":
        return Output(tuple(Path(each.path) for each in task.outputs_list), (), task.seconds or 0.0)
    if task.failure:
        return Failed(**task.failure.model_dump())
    return Cancelled()
