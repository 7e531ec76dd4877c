"""A worker: takes tasks one after the other, has its engine make them, and records what came of it."""

import logging
import shutil
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import modes
from backend.process import EngineProcess
from errors import InvalidInputError, KinoraError, StorageError
from events import FINAL, Cancelled, Event, Failed, Notice, Output, Phase, Queued
from jobs.files.outputs import Outputs
from jobs.store.transitions import Claim, RetryBudget, TaskTransitions
from jobs.types import Failure
from jobs.work.durations import PhaseClock
from jobs.work.execution import Work
from jobs.work.live_events import Changes, TaskFeed, TaskFeeds
from media import Preparer
from models import Models
from modes.media_info import MEDIA
from settings import Settings

POLL = 1.0  # seconds between looks for work that another process has queued
ENGINE_AGAIN = 60.0  # seconds after which an engine is started again that could not start or died repeatedly
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerContext:
    """What all workers share."""

    settings: Settings
    lifecycle: TaskTransitions
    live: TaskFeeds
    changes: Changes
    models: Models
    outputs: Outputs
    stopping: threading.Event
    work: threading.Condition  # notified when there may be something to do
    only_job: int | None = None  # a command that runs nothing but its own


class Worker:
    """One worker and its engine. `held` says why it takes nothing up at the moment, "" where nothing keeps it."""

    def __init__(self, name: str, engine: EngineProcess, shop: WorkerContext, home: str) -> None:
        self.name = name
        self.engine = engine
        self.held = ""
        self.task: int | None = None
        self.worker = f"{home}/{name}"
        self._shop = shop
        self._tried_again = time.monotonic()
        self._models = ""  # what the engine has loaded, as `tasks.models` says it
        self._thread = threading.Thread(target=self._work, name=f"worker {name}", daemon=True)

    def start(self) -> None:
        self.engine.start()
        self._thread.start()

    def run_only(self, task: int) -> None:
        """Makes one task in the caller's thread, if it waits; does not begin where work is held back."""
        if claim := self._claim(task):
            self._run(claim)

    def join(self, timeout: float) -> None:
        if self._thread.ident:
            self._thread.join(timeout)

    def _work(self) -> None:
        while not self._shop.stopping.is_set():
            if claim := self._claim():
                self._run(claim)
                continue
            with self._shop.work:
                self._shop.work.wait(POLL)

    def _claim(self, only_task: int | None = None) -> Claim | None:
        """The next task; None where none waits, or `held` says what keeps it."""
        try:
            self.held = self._reason_to_wait()
            if not self.held:
                return self._shop.lifecycle.claim(self.worker, self._models, self._shop.only_job, only_task)
        except StorageError as error:
            self.held = error.words
        return None

    def _reason_to_wait(self) -> str:
        """A task is taken up only where it can run: what is broken must not use up tasks."""
        state = self.engine.state
        if state.name == "failed" and state.error:
            if time.monotonic() - self._tried_again > ENGINE_AGAIN:
                self._tried_again = time.monotonic()
                self.engine.start()
            return f"{state.error.words} Kinora tries again every minute."
        self._tried_again = time.monotonic()
        if state.name != "ready":
            return "The engine starts."
        folder = self._shop.outputs.folder
        folder.mkdir(parents=True, exist_ok=True)
        free, least = shutil.disk_usage(folder).free / 1e9, self._shop.settings.min_free_gb
        if free < least:
            return f"The disk of {folder} has only {free:.1f} GB free; work goes on at {least:g} GB."
        return ""

    def _run(self, claim: Claim) -> None:
        live = self._shop.live.begin(claim.task)
        self.task, self._models = claim.task, claim.models
        self._shop.changes.tell([claim.task])
        started, clock = time.monotonic(), PhaseClock()
        try:
            last = self._make(claim, live, clock)
        except KinoraError as error:
            last = Failed.of(error)
        except Exception as error:  # noqa: BLE001  one task's failure never stops the others
            detail = "".join(traceback.format_exception(error))
            last = Failed("node_error", f"Kinora failed: {error}.", "Retry it.", detail=detail)
        if live.cancelled.is_set() and isinstance(last, Failed) and last.kind == "interrupted":
            last = Cancelled()
        try:
            told = self._record(claim, last, time.monotonic() - started, clock.stop())
        except (StorageError, OSError):
            logger.exception("Kinora ends before the end of task %d could be written down", claim.task)
            return  # it is found, and settled, at the next start
        finally:
            self.task = None
        if told:
            self._shop.live.tell(claim.task, told)
        self._shop.changes.tell([claim.task])

    def _make(self, claim: Claim, live: TaskFeed, clock: PhaseClock) -> Event:
        """Everything between a task's turn and its last event, which is returned."""
        self._write_inputs(claim)
        settings = self._shop.settings
        # Demo files are the engine's own, made when it starts; machines with homes of their own fetch for themselves.
        if not settings.use_demo and not settings.engines_have_homes:
            for download in self._shop.models.ensure(claim.graph, live.cancelled):
                self._shop.live.tell(claim.task, download)
        if live.cancelled.is_set():
            return Cancelled()
        for event in Work(self.engine, claim, settings).events(live.cancelled):
            if isinstance(event, FINAL):
                return event
            if isinstance(event, Phase):
                clock.phase(event.label)
            if isinstance(event, Notice):
                self._surely(lambda text=event.message: self._note(claim, text))
            self._shop.live.tell(claim.task, event)
            self._shop.changes.tell([claim.task])
        return Failed("engine_died", "The engine ended without a result.", "Retry it.")

    def _write_inputs(self, claim: Claim) -> None:
        """What the graph reads, made from the kept inputs now, if it is not there yet. Raises KinoraError, of kind
        "invalid" where an input is gone or has changed."""
        mode = modes.get(claim.mode)
        for parameter in mode.parameters():
            path = claim.values.get(parameter.name)
            if parameter.widget in MEDIA and path and not Path(path).is_file():
                text = f"{parameter.label}: {path} is gone. It was moved or deleted after it was submitted."
                raise InvalidInputError(text, parameter.name, "Put it back and retry, or submit it again.")
        params = mode.validate(claim.values, self._shop.settings)
        for name, file in mode.prepare_inputs(params, Preparer(self._shop.settings)).items():
            if claim.inputs[name] != file:
                text = f"{name}: {claim.values[name]} was changed after it was submitted."
                raise InvalidInputError(text, name, "Submit it again, as it is now.")

    def _record(self, claim: Claim, last: Event, seconds: float, phase_seconds: dict[str, float]) -> Event | None:
        """Writes down how it ended and returns what is to be told; None where another worker has the task by now."""
        lifecycle, task = self._shop.lifecycle, claim.task
        if isinstance(last, Output):
            files = self._put_in_place(claim, last, seconds, phase_seconds)
            return Output(files, last.executed, last.seconds) if files else None
        if isinstance(last, Cancelled):
            return last if self._surely(lambda: lifecycle.cancelled(task, self.worker, seconds)) else None
        assert isinstance(last, Failed)
        failure = Failure(
            kind=last.kind, message=last.message, hint=last.hint, node=last.node, detail=last.detail[-20_000:]
        )
        if last.kind != "engine_died":
            return last if self._surely(lambda: lifecycle.fail(task, self.worker, failure, seconds)) else None
        self._models = ""
        if self._shop.stopping.is_set():  # it died because Kinora ends
            self._surely(lambda: lifecycle.give_back(task, self.worker, "Kinora was ended."))
            return None
        most = self._shop.settings.max_attempts
        told = f"{last.message} That was attempt {claim.attempts + 1} of {most}."
        hint = "Choose a smaller size or fewer seconds, or retry."
        failure = failure.model_copy(update={"message": told, "hint": hint})
        blame = RetryBudget("attempts", most, failure)
        status = self._surely(lambda: lifecycle.give_back(task, self.worker, last.message, blame))
        if status == "queued":
            self._shop.live.tell(task, Notice(f"{told} It runs again."))
            return Queued(0)
        if status == "cancelled":
            return Cancelled()
        return Failed(last.kind, told, hint, detail=failure.detail) if status else None

    def _put_in_place(
        self, claim: Claim, output: Output, seconds: float, phase_seconds: dict[str, float]
    ) -> tuple[Path, ...] | None:
        """First written down, then moved, then recorded: a crash at any point loses nothing and makes nothing twice.

        None where another worker has the task by now.
        """
        outputs, lifecycle = self._shop.outputs, self._shop.lifecycle
        with outputs.lock:
            moves = outputs.choose(output.files, claim.mode, claim.values, claim.seed)
            if not self._surely(lambda: lifecycle.place(claim.task, self.worker, moves)):
                return None
            files = self._surely(lambda: outputs.move(moves))
        recorded = self._surely(lambda: lifecycle.succeed(claim.task, self.worker, files, seconds, phase_seconds))
        return tuple(map(Path, files)) if recorded else None

    def _note(self, claim: Claim, text: str) -> None:
        self._shop.lifecycle.write_down(claim.task, self.worker, text)

    def _surely(self, act: Callable[[], Result]) -> Result:
        """Does it, however long the disk cannot be written: it is emptied one day. Raises only when Kinora ends."""
        while True:
            try:
                return act()
            except (StorageError, OSError) as error:
                self.held = error.words if isinstance(error, StorageError) else f"{error}."
                self._shop.changes.tell()
                if self._shop.stopping.wait(POLL):
                    raise
