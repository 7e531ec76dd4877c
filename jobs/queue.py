"""The durable queue: what page, REST and command line call. Everything that is submitted is in the database first."""

import copy
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from backend.contract import EngineState
from backend.process import ENGINE, EngineProcess
from constants import MAX_PRIORITY, MIN_PRIORITY
from errors import ForbiddenError, InvalidInputError, NotFoundError, RateLimitError
from events import Cancelled, Event, Failed, Output, Phase, Queued
from jobs.files.kept_inputs import Inputs, Stale
from jobs.files.outputs import Outputs
from jobs.store.commands import QueueCommands
from jobs.store.database import Database
from jobs.store.insert import JobInserter
from jobs.store.presenter import TaskPresenter
from jobs.store.queries import TaskQueries
from jobs.store.transitions import TaskTransitions
from jobs.submit.drafts import DraftBuilder
from jobs.submit.path_policy import PathPolicy
from jobs.types import (
    STATUSES,
    ActionResult,
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
from jobs.work import durations
from jobs.work.instance_lock import InstanceLock
from jobs.work.live_events import Changes, TaskFeeds
from jobs.work.maintenance import Maintenance, node_id
from jobs.work.on_demand import OnDemandRunner
from jobs.work.pool import engines
from jobs.work.worker import Worker, WorkerContext
from models import Models, Presence
from modes import Mode, Params
from settings import PROJECT, Settings
from web import rate_limit

IMMEDIATE = 1.0  # seconds that a cancel waits to see whether the running ones stop at once


class JobQueue:
    """The queue. Until `start` it only takes and tells; then it works. The methods may be called from any thread."""

    def __init__(self, settings: Settings, engine_program: str = ENGINE) -> None:
        """`engine_program` is the module that is run as an engine's process.

        Raises StorageError where the database cannot be opened.
        """
        self.settings = settings
        self._engine_program = engine_program
        self.visitor = ""
        self._client = ""
        self._submissions = rate_limit.submission_limiter(settings)
        self.models = Models(settings)
        self.changes = Changes()
        self.lock = InstanceLock(settings.home)
        self.live = TaskFeeds()
        self.listing = TaskQueries(database := Database(settings))
        self.notice = database.notice
        self.inputs = Inputs(database, settings)
        self._database = database
        self._acts = QueueCommands(database)
        self._lifecycle = TaskTransitions(database)
        self._views = TaskPresenter(self.listing, self.live)
        self._drafting = DraftBuilder(settings, self.models, self.inputs)
        self._submitting = JobInserter(database, self.listing, self._drafting)
        self._outputs = Outputs(settings)
        self._stopping = threading.Event()
        self._work = threading.Condition()
        self._runners: list[Worker] = []
        self._visits: OnDemandRunner | None = None
        self._idle = EngineState("stopped")

    def start(self, only_job: int | None = None) -> None:
        """Takes up work; with `only_job` that job's and no other. Raises BusyError where another Kinora works on the
        data folder, and ClusterError where a Ray cluster is set and cannot be used."""
        self.lock.acquire()
        home = node_id(self.settings)
        tending = Maintenance(self.settings, self._lifecycle, self._outputs, self.inputs, self.live, self.changes, home)
        tending.recover()
        shop = WorkerContext(
            self.settings,
            self._lifecycle,
            self.live,
            self.changes,
            self.models,
            self._outputs,
            self._stopping,
            self._work,
            only_job,
        )
        tending.start(lambda: [runner.worker for runner in self._runners], self._stopping)
        if self.settings.zerogpu:
            from backend import zerogpu

            self._idle = EngineState("ready", zerogpu.start(self.settings))
            self._visits = OnDemandRunner(shop, tending.process, self.listing, self._idle.info, self._runners)
            return
        most = 1 if only_job is not None else self.settings.workers
        for name, engine in engines(self.settings, most, self._engine_program).items():
            self._runners.append(Worker(name, engine, shop, tending.process))
        for runner in self._runners:
            runner.start()

    def stop(self) -> None:
        """Ends the engines; what they were at goes back into the queue."""
        self._stopping.set()
        with self._work:
            self._work.notify_all()
        for runner in self._runners:
            runner.engine.stop()
        for runner in self._runners:
            runner.join(10)
        self.changes.tell()
        self.lock.release()
        self._database.close()

    def of(self, visitor: str, uploads: Path | None = None, client: str = "") -> "JobQueue":
        """The same queue as one caller may see and use it.

        A `visitor` sees nothing but their own jobs; "" is whoever sees all. With `uploads`, the folder that has what
        this caller uploaded, no other files may be named than those in it, Kinora's own and those in `allowed_dirs`.
        What a `client` (an address) submits is counted against the rate limit.
        """
        theirs = copy.copy(self)
        theirs.visitor, theirs._client = visitor, client
        if visitor:
            theirs.listing = TaskQueries(self._database, visitor)
            theirs._acts = QueueCommands(self._database, visitor)
            theirs._views = TaskPresenter(theirs.listing, self.live)
        if uploads:
            own = (self.settings.outputs_dir, self.settings.inputs_dir, PROJECT / "examples")
            naming = PathPolicy([uploads, *own, *self.settings.allowed_dirs], theirs._may_read)
            theirs._drafting = DraftBuilder(self.settings, self.models, self.inputs, naming)
        most = self.settings.visitor_limit
        theirs._submitting = JobInserter(self._database, theirs.listing, theirs._drafting, visitor, most)
        return theirs

    @property
    def stopped(self) -> bool:
        return self._stopping.is_set()

    @property
    def engine(self) -> EngineState:
        """Of the first engine that can work, else of the first one."""
        states = [runner.engine.state for runner in self._runners] or [self._idle]
        return next((state for state in states if state.name in ("ready", "busy")), states[0])

    @property
    def engines(self) -> list[EngineProcess]:
        return [runner.engine for runner in self._runners]

    # What people ask for

    def plan(self, submission: Submission) -> Plan:
        """What a submission would come to. Raises as `submit`, but for a batch's problems, which it lists."""
        return self._drafting.plan(submission, self._views.seconds_of)

    def submit(self, submission: Submission, skip_bad: bool = False) -> JobSummary:
        """Checks all values, keeps the inputs, draws the seeds, builds the graphs and queues the tasks, or nothing.

        Raises InvalidInputError for an unknown mode, InvalidParamsError with a sentence for each field at fault,
        MissingModelError for a model file that is neither here nor known, BatchError for a batch with entries that
        cannot run (`skip_bad` leaves those out), ForbiddenError for what a visitor may not or a file that may not be
        named, LimitError, and StorageError.
        """
        if submission.priority:
            self._refuse_visitors()
        if self.settings.zerogpu and (submission.batch or submission.tries > 1):
            raise ForbiddenError(
                "Here one thing is made at a time, while you watch: the GPU is lent for a call.",
                "batch",
                "Batches are for a Kinora on a machine of your own.",
            )
        self._refuse_too_often()
        return self._submitted(self._submitting.submit(submission, skip_bad))

    def again(self, job: int, new_seeds: bool = False, key: str | None = None) -> JobSummary:
        """A whole job once more, as a new one. The same `key` makes only one. Raises NotFoundError and LimitError."""
        self._refuse_too_often()
        return self._submitted(self._submitting.again(job, new_seeds, key))

    def attend(self, task: int) -> None:
        """Begins a queued task for whoever is about to watch it, in the context of this call: on ZeroGPU it says whose
        time on the GPU is used. Anywhere else workers take tasks by themselves, and this does nothing.

        Raises NotFoundError.
        """
        if self._visits and self.task(task).status == "queued":
            self._visits.begin(task)

    def cancel(self, selection: Selection) -> ActionResult:
        """Takes tasks out of the queue, and stops those that run. What has ended stays as it is."""
        cancelled, stopping = self._acts.cancel(selection)
        for task in cancelled:
            self.live.tell(task, Cancelled())
        for task in stopping:
            if live := self.live.find(task):
                live.cancelled.set()
        self._acted(cancelled | stopping)
        pending = stopping
        deadline = time.monotonic() + IMMEDIATE
        while pending and time.monotonic() < deadline:
            time.sleep(0.02)
            pending = {row.id for row in self.listing.rows(pending) if row.status == "running"}
        return ActionResult(changed=len(cancelled | stopping) - len(pending), pending=len(pending))

    def retry(self, selection: Selection, new_seeds: bool = False) -> ActionResult:
        """Queues what failed or was cancelled once more, in place. Raises LimitError."""
        self._refuse_too_often()
        again = self._acts.retry(selection, self._drafting.reseed if new_seeds else None)
        self._acted(again)
        return ActionResult(changed=len(again))

    def front(self, selection: Selection) -> ActionResult:
        """Moves queued tasks before all others. Raises ForbiddenError for a visitor."""
        self._refuse_visitors()
        moved = self._acts.front(selection)
        self._acted(moved)
        return ActionResult(changed=len(moved))

    def prioritise(self, selection: Selection, priority: int) -> ActionResult:
        """Gives queued tasks another priority, -100 to 100; higher runs first. Raises ForbiddenError for a visitor."""
        self._refuse_visitors()
        if not MIN_PRIORITY <= priority <= MAX_PRIORITY:
            raise InvalidInputError(f"Priority must be from {MIN_PRIORITY} to {MAX_PRIORITY}.", "priority")
        moved = self._acts.prioritise(selection, priority)
        self._acted(moved)
        return ActionResult(changed=len(moved))

    def pause(self, paused: bool = True) -> QueueState:
        """What runs goes on to its end, then nothing begins until `pause(False)`; a restart does not change that.

        Raises ForbiddenError for a visitor.
        """
        self._refuse_visitors()
        self._acts.pause(paused)
        self._acted(())
        return self.state()

    def stale(self, days: float | None = None) -> list[Stale]:
        """Kept inputs that nothing needs; `days` instead of the setting's."""
        return self.inputs.stale(days)

    # What there is

    def tasks(
        self,
        statuses: Sequence[Status] = STATUSES,
        job: int | None = None,
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> TaskPage:
        """A page of tasks: running, failed, queued in the order of their turns, then what ended last."""
        rows, total, following = self.listing.tasks(statuses, job, search, limit, cursor)
        return TaskPage(tasks=[self._views.row(row) for row in rows], total=total, next=following)

    def rows(self, ids: Sequence[int]) -> list[TaskSummary]:
        return [self._views.row(row) for row in self.listing.rows(ids)]

    def task(self, task: int) -> TaskDetail:
        """Raises NotFoundError."""
        return self._views.detail(task)

    def job(self, job: int) -> JobSummary:
        """Raises NotFoundError."""
        return self._views.job(*self.listing.job(job))

    def jobs(self, limit: int = 50, cursor: str | None = None, search: str = "") -> JobPage:
        """A page of jobs, newest first."""
        rows, counts, following = self.listing.jobs(limit, cursor, search)
        return JobPage(jobs=[self._views.job(row, counts[row.id]) for row in rows], next=following)

    @property
    def held(self) -> str:
        """Why nothing is taken up now; "" where nothing keeps the workers."""
        reasons = [runner.held for runner in self._runners]
        return reasons[0] if reasons and all(reasons) else ""

    def state(self) -> QueueState:
        return QueueState(
            paused=self.listing.paused(),
            held=self.held,
            counts=self.listing.counts(),
            engines=[_engine(runner) for runner in self._runners],
            attended=self.settings.zerogpu,
            seconds_left=self._views.seconds_left(len(self._runners)),
        )

    def updates(self, task: int, every: float | None = None) -> Iterator[list[Event]]:
        """A task's events that matter, then the new ones up to its end; an empty list after `every` quiet seconds.

        Raises NotFoundError.
        """
        live = self.live.open(task)
        try:
            detail = self.task(task)
        except NotFoundError:
            self.live.drop(task)
            raise
        if detail.status == "queued" and not live.log:
            self.live.tell(task, Queued(self.listing.ahead(task)))
        if detail.status in ("queued", "running"):
            yield from self.live.updates(live, every)
            return
        self.live.drop(task)
        yield [_end(detail)]

    def events(self, task: int) -> Iterator[Event]:
        """As `updates`, one by one."""
        for fresh in self.updates(task):
            yield from fresh

    def preview(self, task: int) -> bytes | None:
        """The newest preview of a running task, JPEG."""
        if self.visitor and not self.listing.rows([task]):  # another's
            return None
        live = self.live.find(task)
        return live.preview if live else None

    def is_stopping(self, task: int) -> bool:
        live = self.live.find(task)
        return live is not None and live.cancelled.is_set()

    def elapsed(self, task: TaskDetail) -> float:
        """Seconds since its turn came, 0 before."""
        if task.seconds is not None:
            return task.seconds
        live = self.live.find(task.id)
        return time.monotonic() - live.started if live and live.started is not None else 0.0

    def time_left(self, task: TaskDetail, phase: Phase | None, since: float) -> float | None:
        """Seconds until a task ends that is in `phase` since then (time.monotonic()); None without earlier runs."""
        runs = self.listing.phase_times_like(task.id)
        return durations.left(runs, [each.label for each in task.phases], phase, time.monotonic() - since)

    def input_file(self, task: int, parameter: str) -> Path:
        """The file of a task's media parameter. Raises NotFoundError."""
        detail = self.task(task)
        given = {each.parameter for each in detail.inputs}
        file = Path(str(detail.values.get(parameter)))
        if parameter not in given or not file.is_file():
            raise NotFoundError("This input is not there any more.", parameter)
        return file

    def output_file(self, task: int, number: int) -> Path:
        """A task's result. Raises NotFoundError."""
        outputs = self.task(task).outputs_list
        if not 0 <= number < len(outputs) or outputs[number].bytes is None:
            raise NotFoundError("This result is not there any more.", "task")
        return Path(outputs[number].path)

    def to_download(self, mode: Mode, params: Params) -> list[Presence]:
        """The model files that would be fetched before such a run."""
        if self.settings.use_demo:
            return []
        return self.models.report(self.models.missing(mode.sketch(params)))

    def _may_read(self, file: Path) -> bool:
        """Whether this caller may name a file: of what is made and given here, a visitor only their own."""
        ours = (self.settings.outputs_dir, self.settings.inputs_dir)
        if not self.visitor or not any(file.is_relative_to(folder.resolve()) for folder in ours):
            return True
        return any(Path(each).resolve() == file for each in self.listing.files())

    def _refuse_too_often(self) -> None:
        if self._client and (seconds := self._submissions.take(self._client)):
            raise RateLimitError("submissions", seconds)

    def _refuse_visitors(self) -> None:
        if self.visitor:
            raise ForbiddenError("Only whoever runs this Kinora may change the order of the queue or pause it.")

    def _submitted(self, job: int) -> JobSummary:
        self._acted(self.listing.tasks_of(job))
        return self.job(job)

    def first_task(self, job: int) -> int:
        """The task that whoever submitted a single generation wants to watch."""
        return self.listing.tasks_of(job)[0]

    def _acted(self, changed: Sequence[int] | set[int] | tuple[()]) -> None:
        """Wakes workers and watchers."""
        with self._work:
            self._work.notify_all()
        self.changes.tell(changed)
        for task in self.live.watched():
            row = next(iter(self.listing.rows([task])), None)
            if row and row.status == "queued":
                self.live.tell(task, Queued(self.listing.ahead(task)))


def _engine(runner: Worker) -> EngineSummary:
    state = runner.engine.state
    return EngineSummary(
        name=runner.name,
        state=state.name,
        device=str(state.info.get("device", "")),
        task=runner.task,
        error=state.error.words if state.error else "",
    )


def _end(task: TaskDetail) -> Output | Failed | Cancelled:
    """The last event of a task that has ended."""
    if task.status == "succeeded":
        return Output(tuple(Path(each.path) for each in task.outputs_list), (), task.seconds or 0.0)
    if task.failure:
        return Failed(**task.failure.model_dump())
    return Cancelled()
