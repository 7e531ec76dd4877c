"""A worker: takes one task after the other, has its engine run it, and records what came of it."""

import logging
import shutil
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import modes
from backend.contract import WorkerEngine
from errors import InvalidInputError, KinoraError, StorageError
from events import FINAL, Cancelled, Event, Failed, Notice, Output, Phase, Queued
from jobs.files.outputs import Outputs
from jobs.store.transitions import Claim, RetryBudget, TaskTransitions
from jobs.types import Failure
from jobs.work.durations import PhaseClock
from jobs.work.execution import Execution
from jobs.work.live_events import Revisions, TaskFeed, TaskFeeds
from media import Preparer
from models import Models
from settings import Settings

POLL = 1.0
"""Seconds between looks for tasks that another process has queued, and between tries to write."""

RESTART_AFTER = 60.0
"""Seconds after which an engine that could not start, or died repeatedly, is started again."""

MAX_DETAIL = 20_000
"""Characters of a traceback that are kept."""

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerContext:
    """What all workers share."""

    settings: Settings
    transitions: TaskTransitions
    feeds: TaskFeeds
    revisions: Revisions
    models: Models
    outputs: Outputs
    stopping: threading.Event
    wake: threading.Condition  # notified when there may be a task to run
    only_job: int | None = None  # the one job that a command runs; None for all


class Worker:
    """A thread that takes tasks, and its engine. `blocked_reason` says why it takes none now, "" where it can."""

    def __init__(self, name: str, engine: WorkerEngine, context: WorkerContext, process: str) -> None:
        """`process` is the name of this process in leases: see `Maintenance`."""
        self.name = name
        self.engine = engine
        self.blocked_reason = ""
        self.task: int | None = None
        self.id = f"{process}/{name}"  # the owner of its tasks' leases
        self._context = context
        self._last_try = time.monotonic()
        self._loaded_models = ""  # of the engine, as in `tasks.models`
        self._thread = threading.Thread(target=self._take_tasks, name=f"worker {name}", daemon=True)

    def start(self) -> None:
        self.engine.start()
        self._thread.start()

    def run_only(self, task: int) -> None:
        """Runs one task in the caller's thread, if it is queued and nothing blocks the worker."""
        if claim := self._claim(task):
            self._run(claim)

    def join(self, timeout: float) -> None:
        if self._thread.ident:
            self._thread.join(timeout)

    def _take_tasks(self) -> None:
        while not self._context.stopping.is_set():
            if claim := self._claim():
                self._run(claim)
                continue
            with self._context.wake:
                self._context.wake.wait(POLL)

    def _claim(self, only_task: int | None = None) -> Claim | None:
        """The next task; None where none is queued, or `blocked_reason` says what keeps the worker."""
        context = self._context
        try:
            self.blocked_reason = self._reason_to_wait()
            if not self.blocked_reason:
                return context.transitions.claim(self.id, self._loaded_models, context.only_job, only_task)
        except StorageError as error:
            self.blocked_reason = error.words
        return None

    def _reason_to_wait(self) -> str:
        """Why no task should be taken now, or "": what is broken must not use up the tasks' attempts."""
        state = self.engine.state
        if state.name == "failed" and state.error:
            if time.monotonic() - self._last_try > RESTART_AFTER:
                self._last_try = time.monotonic()
                self.engine.start()
            return f"{state.error.words} Kinora will keep trying once a minute."
        self._last_try = time.monotonic()
        if state.name != "ready":
            return "The engine is starting."
        folder = self._context.outputs.folder
        folder.mkdir(parents=True, exist_ok=True)
        free, least = shutil.disk_usage(folder).free / 1e9, self._context.settings.min_free_gb
        if free < least:
            again = f"Tasks will run again once {least:g} GB is free."
            return f"Only {free:.1f} GB is free on the disk that holds {folder}. {again}"
        return ""

    def _run(self, claim: Claim) -> None:
        self.task, self._loaded_models = claim.task, claim.models
        with self._context.feeds.run(claim.task) as feed:
            self._context.revisions.mark([claim.task])
            started, clock = time.monotonic(), PhaseClock()
            last = self._last_event(claim, feed, clock)
            try:
                published = self._record(claim, last, time.monotonic() - started, clock.stop())
            except (StorageError, OSError):
                logger.exception("Kinora ends before the end of task %d could be recorded", claim.task)
                return  # the next start finds the task, and settles it
            finally:
                self.task = None
            if published:
                self._context.feeds.publish(claim.task, published)
        self._context.revisions.mark([claim.task])

    def _last_event(self, claim: Claim, feed: TaskFeed, clock: PhaseClock) -> Event:
        """Runs the task and returns its last event; errors become one."""
        try:
            last = self._execute(claim, feed, clock)
        except KinoraError as error:
            last = Failed.of(error)
        except Exception as error:  # noqa: BLE001  one task's failure never stops the others
            detail = "".join(traceback.format_exception(error))
            last = Failed("node_error", f"Something went wrong inside Kinora: {error}.", "Try again.", detail=detail)
        if feed.cancelled.is_set() and isinstance(last, Failed) and last.kind == "interrupted":
            return Cancelled()
        return last

    def _execute(self, claim: Claim, feed: TaskFeed, clock: PhaseClock) -> Event:
        """Prepares the inputs, downloads the models and runs the graph; publishes all events but the last, which it
        returns. Raises KinoraError."""
        context = self._context
        self._prepare_inputs(claim)
        # The engine makes demo files when it starts; machines with homes of their own download for themselves.
        if not context.settings.use_demo and not context.settings.engines_have_homes:
            for download in context.models.ensure(claim.graph, feed.cancelled):
                context.feeds.publish(claim.task, download)
        if feed.cancelled.is_set():
            return Cancelled()
        for event in Execution(self.engine, claim, context.settings).events(feed.cancelled):
            if isinstance(event, FINAL):
                return event
            if isinstance(event, Phase):
                clock.phase(event.label)
            if isinstance(event, Notice):
                self._append_log(claim, event.message)
            context.feeds.publish(claim.task, event)
            context.revisions.mark([claim.task])
        return Failed("engine_died", "The engine ended without a result.", "Try again.")

    def _prepare_inputs(self, claim: Claim) -> None:
        """Writes the files that the graph reads from the kept inputs, where they are not there yet.

        Raises KinoraError; an InvalidInputError where an input is gone or has changed.
        """
        mode = modes.get(claim.mode)
        for parameter in mode.media:
            path = claim.values.get(parameter.name)
            if path and not Path(path).is_file():
                text = f"{parameter.label}: {path} is missing. It was moved or deleted after it was submitted."
                raise InvalidInputError(text, parameter.name, "Put it back and retry, or submit it again.")
        params = mode.validate(claim.values, self._context.settings)
        for name, file in mode.prepare_inputs(params, Preparer(self._context.settings)).items():
            if claim.inputs[name] != file:
                text = f"{name}: {claim.values[name]} was changed after it was submitted."
                raise InvalidInputError(text, name, "Submit it again.")

    def _record(self, claim: Claim, last: Event, seconds: float, phase_seconds: dict[str, float]) -> Event | None:
        """Stores how the run ended. Returns the event to publish; None where another worker has the task by now."""
        match last:
            case Output():
                return self._record_output(claim, last, seconds, phase_seconds)
            case Cancelled():
                return self._record_cancelled(claim, last, seconds)
            case Failed(kind="engine_died"):
                return self._record_engine_death(claim, last)
            case Failed():
                return self._record_failure(claim, last, seconds)
            case _:
                raise AssertionError(f"{last} does not end a run")

    def _record_output(
        self, claim: Claim, output: Output, seconds: float, phase_seconds: dict[str, float]
    ) -> Output | None:
        """Stores where the files go, moves them, stores the result: a crash between two of these steps neither loses a
        file nor makes it twice."""
        outputs, transitions = self._context.outputs, self._context.transitions
        with outputs.lock:
            moves = outputs.choose(output.files, claim.mode, claim.values, claim.seed)
            if not self._retry_until_written(lambda: transitions.record_moves(claim.task, self.id, moves)):
                return None
            files = self._retry_until_written(lambda: outputs.move(moves))
        recorded = self._retry_until_written(
            lambda: transitions.succeed(claim.task, self.id, files, seconds, phase_seconds)
        )
        return Output(tuple(map(Path, files)), output.executed, output.seconds) if recorded else None

    def _record_cancelled(self, claim: Claim, cancelled: Cancelled, seconds: float) -> Cancelled | None:
        transitions = self._context.transitions
        recorded = self._retry_until_written(lambda: transitions.cancel(claim.task, self.id, seconds))
        return cancelled if recorded else None

    def _record_failure(self, claim: Claim, failed: Failed, seconds: float) -> Failed | None:
        transitions, failure = self._context.transitions, _failure(failed)
        recorded = self._retry_until_written(lambda: transitions.fail(claim.task, self.id, failure, seconds))
        return failed if recorded else None

    def _record_engine_death(self, claim: Claim, failed: Failed) -> Event | None:
        """The task runs again, unless it has used up its attempts; where Kinora itself ends, that is no attempt."""
        transitions, task = self._context.transitions, claim.task
        self._loaded_models = ""
        if self._context.stopping.is_set():
            self._retry_until_written(lambda: transitions.requeue(task, self.id, "Kinora was stopped."))
            return None
        most = self._context.settings.max_attempts
        message = f"{failed.message} That was attempt {claim.attempts + 1} of {most}."
        last = replace(failed, message=message)
        budget = RetryBudget("attempts", most, _failure(last))
        match self._retry_until_written(lambda: transitions.requeue(task, self.id, failed.message, budget)):
            case "queued":
                self._context.feeds.publish(task, Notice(f"{message} It will run again."))
                return Queued(0)
            case "cancelled":
                return Cancelled()
            case "failed":
                return last
            case _:
                return None

    def _append_log(self, claim: Claim, line: str) -> None:
        self._retry_until_written(lambda: self._context.transitions.append_log(claim.task, self.id, line))

    def _retry_until_written(self, write: Callable[[], Result]) -> Result:
        """Retries every second until the write succeeds: sooner or later, somebody frees the disk.

        Raises StorageError or OSError only when Kinora ends.
        """
        while True:
            try:
                return write()
            except (StorageError, OSError) as error:
                if isinstance(error, StorageError):
                    self.blocked_reason = error.words
                else:
                    self.blocked_reason = f"A file cannot be written: {error.strerror or error}."
                self._context.revisions.mark()
                if self._context.stopping.wait(POLL):
                    raise


def _failure(failed: Failed) -> Failure:
    """As it is stored: of a long detail, its end."""
    detail = failed.detail[-MAX_DETAIL:]
    return Failure(kind=failed.kind, message=failed.message, hint=failed.hint, node=failed.node, detail=detail)
