"""Every generation is a job: submitted, waiting for its turn, running, ended. The engine is this room's alone.

Jobs are kept in memory. Whoever watches reads a job's events, from the first one on, as often as wanted: the page
after a reload, a second tab, the command line.
"""

import itertools
import re
import secrets
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import modes
from errors import InvalidInputError, KinoraError
from events import FINAL, Cancelled, Download, Event, Failed, Output, Preview, Queued, Stage
from media import Staging
from models import Models, Presence
from modes import Announcement, Mode, Params
from settings import Settings
from timings import StageClock, Timings
from worker import EngineProcess, EngineState
from workflow import Graph, Stages

KEPT_JOBS = 500  # ended jobs in memory; files stay

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass
class Job:
    """One generation. Written by the queue only, under its lock."""

    id: str
    mode: Mode
    params: Params
    seed: int
    announced: Announcement
    graph: Graph
    stages: Stages
    created: datetime
    status: Status = "queued"
    started: float | None = None  # time.monotonic()
    seconds: float | None = None  # from the start of its turn to its end
    files: tuple[Path, ...] = ()
    log: list[tuple[int, Event]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        return self.status in ("succeeded", "failed", "cancelled")

    @property
    def elapsed(self) -> float:
        """Seconds since its turn came, 0 before."""
        if self.seconds is not None:
            return self.seconds
        return time.monotonic() - self.started if self.started is not None else 0.0


class Jobs:
    """The queue and its one worker thread. The methods may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings)
        self._staging = Staging(settings)
        self.timings = Timings(settings.home / "timings.json")
        self._engine = EngineProcess(settings)
        self._jobs: dict[str, Job] = {}
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Starts the engine and takes up work."""
        self._engine.start()
        self._thread.start()

    def stop(self) -> None:
        """Ends the running job and the engine."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._engine.stop()

    @property
    def engine(self) -> EngineState:
        return self._engine.state

    @property
    def engine_pid(self) -> int | None:
        return self._engine.pid

    def submit(self, mode_id: str, values: Mapping[str, Any]) -> Job:
        """Checks the values, stages the inputs, draws the seed, builds the graph and queues it.

        Raises InvalidInputError for an unknown mode, InvalidParamsError with a sentence for each field at fault, and
        MissingModelError for a model file that is neither here nor known.
        """
        mode = modes.get(mode_id)
        params = mode.validate(values, self.settings.use_demo)
        self.models.refuse_unknown(mode.sketch(params))
        chosen = getattr(params, "seed", None)
        seed = secrets.randbelow(2**32) if chosen is None else chosen
        job_id = secrets.token_hex(8)
        graph = mode.build(params, seed, mode.stage_inputs(params, self._staging), f"running/{job_id}")
        stages = mode.stages_of(graph)
        job = Job(job_id, mode, params, seed, params.announce(), graph, stages, datetime.now())
        with self._changed:
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._forget_old()
            self._tell_places()
        return job

    def get(self, job_id: str) -> Job:
        with self._changed:
            if job_id not in self._jobs:
                raise InvalidInputError("This run is not known any more.", "job", "Generate again.")
            return self._jobs[job_id]

    def events(self, job_id: str) -> Iterator[Event]:
        """All of the job's events so far that still matter, then the new ones, up to the last."""
        for fresh in self.updates(job_id):
            yield from fresh

    def updates(self, job_id: str, every: float | None = None) -> Iterator[list[Event]]:
        """As `events`, in batches of what is new; an empty batch after `every` seconds without news."""
        job = self.get(job_id)
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: job.log and job.log[-1][0] > seen, timeout=every)  # noqa: B023
                fresh = [entry for entry in job.log if entry[0] > seen]
            if fresh:
                seen = fresh[-1][0]
            yield [event for _, event in fresh]
            if fresh and isinstance(fresh[-1][1], FINAL):
                return

    def cancel(self, job_id: str) -> None:
        """Takes the job out of the queue, or stops it where it runs. Does nothing once it has ended."""
        job = self.get(job_id)
        with self._changed:
            if job.ended:
                return
            job.cancelled.set()
            if job in self._waiting:
                self._waiting.remove(job)
                self._end(job, Cancelled())
                self._tell_places()

    def to_download(self, mode: Mode, params: Params) -> list[Presence]:
        """The model files that would be fetched before such a run."""
        if self.settings.use_demo:
            return []
        return self.models.report(self.models.missing(mode.sketch(params)))

    def time_left(self, job: Job, stage: Stage | None, since: float) -> float | None:
        """Seconds until a job ends that is in `stage` since then (time.monotonic()); None without earlier runs."""
        return self.timings.left(self._timing_key(job), list(job.stages), stage, time.monotonic() - since)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                job = self._running = self._waiting.pop(0)
                job.status, job.started = "running", time.monotonic()
                self._tell(job, Queued(0))
                self._tell_places()
            try:
                last = self._run(job)
            except KinoraError as error:
                last = Failed.of(error)
            except Exception as error:  # noqa: BLE001  one job's failure never stops the others
                detail = "".join(traceback.format_exception(error))
                last = Failed("node_error", f"Kinora failed: {error}.", "Generate again.", detail=detail)
            if job.cancelled.is_set() and isinstance(last, Failed) and last.kind == "interrupted":
                last = Cancelled()
            with self._changed:
                self._running = None
                self._end(job, last)

    def _run(self, job: Job) -> Event:
        """Everything between a job's turn and its last event, which is returned."""
        if not self.settings.use_demo:  # demo files are the engine's own: it makes them when it starts
            for download in self.models.ensure(job.graph, job.cancelled):
                self._tell(job, download)
        if job.cancelled.is_set():
            return Cancelled()
        clock = StageClock()
        for event in self._engine.run(job.graph, job.stages, job.cancelled):
            if isinstance(event, Stage):
                clock.stage(event.label)
            if isinstance(event, Output):
                self.timings.record(self._timing_key(job), clock.stop())
                return Output(self._put_in_place(job, event.files), event.executed, event.seconds)
            if isinstance(event, FINAL):
                return event
            self._tell(job, event)
        return Failed("engine_died", "The engine ended without a result.", "Generate again.")

    def _put_in_place(self, job: Job, files: tuple[Path, ...]) -> tuple[Path, ...]:
        """Moves what the engine wrote to outputs/<day>/<words of the prompt>_<seed>.<ending>."""
        folder = self.settings.outputs_dir / job.created.strftime("%Y-%m-%d")
        folder.mkdir(parents=True, exist_ok=True)
        words = re.sub(r"[^a-z0-9]+", "-", str(getattr(job.params, "prompt", "")).lower()).strip("-")
        stem = f"{words[:60].rstrip('-') or job.mode.id}_{job.seed}"
        placed = []
        for file in files:
            target = folder / f"{stem}{file.suffix}"
            for number in itertools.count(2):
                if not target.exists():
                    break
                target = folder / f"{stem}__{number}{file.suffix}"
            file.replace(target)
            placed.append(target)
        return tuple(placed)

    def _timing_key(self, job: Job) -> str:
        """Runs of one mode, preset and device whose size is alike: width x height x frames within a power of two."""
        preset = getattr(job.params, "preset", "")
        size = job.announced.width * job.announced.height * job.announced.frames
        return f"{job.mode.id}/{preset}/{self.settings.resolved_device}/{size.bit_length()}"

    def _end(self, job: Job, event: Event) -> None:
        job.seconds = job.elapsed
        job.status = {Output: "succeeded", Failed: "failed", Cancelled: "cancelled"}[type(event)]  # type: ignore
        if isinstance(event, Output):
            job.files = event.files
        self._tell(job, event)

    def _tell_places(self) -> None:
        ahead = 1 if self._running else 0
        for place, job in enumerate(self._waiting):
            self._tell(job, Queued(place + ahead))

    def _tell(self, job: Job, event: Event) -> None:
        """Adds an event; what it makes out of date leaves the log, so that a late reader catches up at once."""
        with self._changed:
            job.log = [entry for entry in job.log if not _replaces(event, entry[1])]
            job.log.append((next(self._numbers), event))
            self._changed.notify_all()

    def _forget_old(self) -> None:
        ended = [job for job in self._jobs.values() if job.ended]
        for job in ended[: max(0, len(ended) - KEPT_JOBS)]:
            del self._jobs[job.id]


def _replaces(new: Event, old: Event) -> bool:
    match new, old:
        case Stage(), Stage():
            return new.index == old.index
        case Download(), Download():
            return new.file == old.file
        case (Preview(), Preview()) | (Queued(), Queued()):
            return True
    return isinstance(new, FINAL) and isinstance(old, (Preview, Queued))
