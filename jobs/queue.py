"""The queue: its parts put together, its workers started and stopped.

What people ask of it is `jobs/caller.py`; everything they submit is in the database first.
"""

import threading
from collections.abc import Iterable

from backend.contract import EngineState, WorkerEngine
from backend.process import ENGINE
from events import Queued
from jobs.files.kept_inputs import KeptInputs
from jobs.files.outputs import Outputs
from jobs.presenter import TaskPresenter
from jobs.store.commands import QueueCommands
from jobs.store.database import Database
from jobs.store.insert import JobInserter
from jobs.store.queries import TaskQueries
from jobs.store.transitions import TaskTransitions
from jobs.submit.drafts import DraftBuilder
from jobs.submit.path_policy import PathPolicy
from jobs.submit.submitter import Submitter
from jobs.submit.visitor_limit import VisitorLimit
from jobs.types import OWNER, EngineSummary
from jobs.work.engines import engines
from jobs.work.instance_lock import InstanceLock
from jobs.work.live_events import Revisions, TaskFeeds
from jobs.work.maintenance import Maintenance, node_id
from jobs.work.on_demand import OnDemandRunner
from jobs.work.worker import Worker, WorkerContext
from models import Models
from settings import Settings
from web import rate_limit


class JobQueue:
    """Accepts and reports jobs, through `CallerQueue`; runs them after `start`.

    One for each process. Its methods are for whoever owns the process, and may be called from any thread.
    """

    def __init__(self, settings: Settings, engine_program: str = ENGINE) -> None:
        """`engine_program` is the module that is run as an engine's process.

        Raises StorageError where the database cannot be opened.
        """
        database = Database(settings)
        self.settings = settings
        self.opening_message = database.opening_message
        self.lock = InstanceLock(settings.home)
        self.models = Models(settings)
        self.revisions = Revisions()
        self.feeds = TaskFeeds()
        self.inputs = KeptInputs(database, settings)
        self.queries = TaskQueries(database)
        self.commands = QueueCommands(database)
        self.presenter = TaskPresenter(self.queries, self.feeds)
        self.drafts = DraftBuilder(settings, self.models, self.inputs, PathPolicy(settings, self.queries))
        self.visitor_limit = VisitorLimit(self.queries, settings.visitor_limit)
        self.submitter = Submitter(self.queries, JobInserter(database), self.drafts, self.visitor_limit)
        self.submissions = rate_limit.submission_limiter(settings)
        self.on_demand: OnDemandRunner | None = None  # what runs tasks instead of workers, on ZeroGPU
        self.workers: list[Worker] = []
        self._engine_program = engine_program
        self.database = database
        self._transitions = TaskTransitions(database)
        self._outputs = Outputs(settings)
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._idle = EngineState("stopped")  # the engine's state while there is no worker

    def start(self, only_job: int | None = None) -> None:
        """Starts the workers; with `only_job` they run that job and no other.

        Raises BusyError where another Kinora works on the home folder, and ClusterError where a Ray cluster is set and
        cannot be used.
        """
        self.lock.acquire()
        maintenance = Maintenance(
            self.settings,
            self._transitions,
            self._outputs,
            self.inputs,
            self.feeds,
            self.revisions,
            node_id(self.settings),
        )
        maintenance.recover()
        context = WorkerContext(
            self.settings,
            self._transitions,
            self.feeds,
            self.revisions,
            self.models,
            self._outputs,
            self._stopping,
            self._wake,
            only_job,
        )
        maintenance.start(lambda: [worker.id for worker in self.workers], self._stopping)
        if self.settings.zerogpu:
            from backend import zerogpu

            self._idle = EngineState("ready", zerogpu.start(self.settings))
            self.on_demand = OnDemandRunner(context, maintenance.process, self.queries, self._idle.info, self.workers)
            return
        most = 1 if only_job is not None else self.settings.workers
        for name, engine in engines(self.settings, most, self._engine_program).items():
            self.workers.append(Worker(name, engine, context, maintenance.process))
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Ends the engines. What they were running goes back into the queue."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        for worker in self.workers:
            worker.engine.stop()
        for worker in self.workers:
            worker.join(10)
        self.revisions.mark()
        self.lock.release()
        self.database.close()

    @property
    def stopped(self) -> bool:
        return self._stopping.is_set()

    @property
    def engine(self) -> EngineState:
        """The state of the first engine that can work, or of the first one where none can."""
        states = [worker.engine.state for worker in self.workers] or [self._idle]
        return next((state for state in states if state.name in ("ready", "busy")), states[0])

    @property
    def engines(self) -> list[WorkerEngine]:
        return [worker.engine for worker in self.workers]

    def engine_summaries(self) -> list[EngineSummary]:
        return [_summary(worker) for worker in self.workers]

    @property
    def blocked_reason(self) -> str:
        """Why no worker takes a task now; "" where one can."""
        reasons = [worker.blocked_reason for worker in self.workers]
        return reasons[0] if reasons and all(reasons) else ""

    def changed(self, tasks: Iterable[int] = ()) -> None:
        """Wakes the workers and everybody who watches: these tasks have changed."""
        with self._wake:
            self._wake.notify_all()
        self.revisions.mark(tasks)
        watched = self.feeds.tasks()
        for row in self.queries.rows(OWNER, watched) if watched else ():
            if row.status == "queued":
                self.feeds.publish(row.id, Queued(self.queries.ahead(row.id)))


def _summary(worker: Worker) -> EngineSummary:
    state = worker.engine.state
    return EngineSummary(
        name=worker.name,
        state=state.name,
        device=str(state.info.get("device", "")),
        task=worker.task,
        error=state.error.words if state.error else "",
    )
