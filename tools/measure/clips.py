"""Clips through the whole stack, alternating with the same graphs in a bare executor."""

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import modes
from events import Cancelled, Event, Output, Phase
from jobs import CallerQueue, JobQueue, Selection, Submission
from settings import Settings
from tools.measure.bare import BareExecutor
from tools.measure.figures import Figure

PAIRS = 12
WARM_UPS = 2
CANCELS = 5
PAUSE = 0.4  # seconds between runs: the other process's threads come to rest and its garbage is collected
T2V = modes.get("t2v")
Values = Mapping[str, Any]
DEFAULT: Values = {"resolution": "256p", "aspect": "16:9", "seconds": 1}
SMALL: Values = {"width": 256, "height": 256, "seconds": 0.3}
LONG: Values = {"resolution": "720p", "second_stage": "off", "steps": 60}  # the steps of demo models are quick

_seeds = itertools.count(1000)


def measure(settings: Settings) -> Iterator[Figure]:
    """Starts its own engine and yields each figure as soon as it is measured. Raises RuntimeError if a run fails."""
    stack = _Stack(settings)
    try:
        yield Figure("engine ready", stack.start(), "s", note="in its own process, while the page is already served")
        first = stack.run(_clip(DEFAULT))
        yield Figure("first clip of a new engine", first, "s", note=f"{_size(settings, DEFAULT)}; loads the models")
        with BareExecutor(settings.comfyui_dir, settings.models_dir, settings.home / "bare") as bare:
            for values in (DEFAULT, SMALL):
                yield _against_bare(stack, bare, values)
        yield _against_memory(stack)
        yield _seed_only(stack)
        yield from _cancels(stack)
    finally:
        stack.job_queue.stop()


class _Stack:
    """The queue and the engine, used as the page uses them."""

    def __init__(self, settings: Settings) -> None:
        self.job_queue = JobQueue(settings)
        self.queue = CallerQueue(self.job_queue)
        self.last: Event | None = None

    def start(self) -> float:
        started = time.perf_counter()
        self.job_queue.start()
        while self.queue.engine.name == "starting":
            time.sleep(0.02)
        return time.perf_counter() - started

    def run(self, values: Values, on_event: Callable[[int, Event], None] | None = None) -> float:
        """Seconds from submitting to the last event, which `last` keeps. `on_event` gets the task's id and an event."""
        started = time.perf_counter()
        job = self.queue.submit(Submission(mode=T2V.id, values=dict(values)))
        task = self.queue.first_task(job.id)
        for event in self.queue.events(task):
            self.last = event
            if on_event:
                on_event(task, event)
        seconds = time.perf_counter() - started
        if not isinstance(self.last, Output | Cancelled):
            raise RuntimeError(f"a run failed: {self.last}")
        return seconds


def _clip(values: Values) -> dict[str, Any]:
    """A clip that was not generated before: only its seed is new."""
    return {"prompt": "a red kite over the sea", "seed": next(_seeds), **values}


def _size(settings: Settings, values: Values) -> str:
    size = T2V.validate(_clip(values), settings).output_spec()
    return f"{size.width} × {size.height} px, {size.frames} frames"


def _against_bare(stack: _Stack, bare: BareExecutor, values: Values) -> Figure:
    settings = stack.job_queue.settings

    def alone(clip: Values) -> float:
        return bare.run(T2V.build(T2V.validate(clip, settings), clip["seed"], {}, f"bare/{clip['seed']}"))

    ours: list[float] = []
    theirs: list[float] = []
    ways: list[tuple[Callable[[Values], float], list[float]]] = [(stack.run, ours), (alone, theirs)]
    for _ in range(WARM_UPS + PAIRS):
        clip = _clip(values)
        for run, seconds in ways:
            time.sleep(PAUSE)
            seconds.append(run(clip))
        ways.reverse()  # neither is always the second one
    del ours[:WARM_UPS], theirs[:WARM_UPS]
    ratio = statistics.median(first / second for first, second in zip(ours, theirs, strict=True))
    medians = f"{statistics.median(ours):.3f} s and {statistics.median(theirs):.3f} s"
    note = f"submit to output event / validate and execute; previews in both; {PAIRS} pairs, a new seed each; {medians}"
    return Figure(f"warm clip, stack / bare executor, {_size(settings, values)}", ratio, "x", 1.10, note)


def _against_memory(stack: _Stack) -> Figure:
    """The durable queue compared with the engine alone: what storing everything costs."""
    mode, engine, settings = T2V, stack.job_queue.engines[0], stack.job_queue.settings
    ratios = []
    for number in range(PAIRS + 1):
        durable = stack.run(_clip(DEFAULT))
        params = mode.validate(_clip(DEFAULT), settings)
        graph = mode.build(params, next(_seeds), {}, f"running/memory-{number}")
        started = time.perf_counter()
        for _ in engine.run(graph, mode.phases_of(graph), threading.Event()):
            pass
        ratios.append(durable / (time.perf_counter() - started))
    note = f"{_size(settings, DEFAULT)}; submitted to done, beside the same engine without a queue; {PAIRS} pairs"
    return Figure("durable queue / no queue, warm clip", statistics.median(ratios[1:]), "x", 1.05, note)


def _seed_only(stack: _Stack) -> Figure:
    """Two runs that differ in the seed: which text-encoder nodes ran in the second one."""
    stack.run(_clip(DEFAULT))
    stack.run(_clip(DEFAULT))
    assert isinstance(stack.last, Output)
    encoders = {"text_encoder", *T2V.phases["Read the prompt"]}
    executed = encoders & set(stack.last.executed)
    note = f"{len(stack.last.executed)} nodes in all, none of {', '.join(sorted(encoders))}"
    return Figure("text-encoder nodes in a seed-only rerun", len(executed), "", 0, ", ".join(sorted(executed)) or note)


def _cancels(stack: _Stack) -> Iterator[Figure]:
    taken = []
    for number in range(CANCELS):
        asked = 0.0

        def cancel(task: int, event: Event, at: int = 2 + 5 * number) -> None:
            nonlocal asked
            if not asked and isinstance(event, Phase) and event.label == "First pass" and event.step >= at:
                asked = time.perf_counter()
                stack.queue.cancel(Selection(tasks=[task]))

        stack.run(_clip(LONG), cancel)
        ended = time.perf_counter()
        assert isinstance(stack.last, Cancelled), stack.last
        taken.append(ended - asked)
    size = _size(stack.job_queue.settings, LONG)
    note = f"{CANCELS} runs of {size}, cancelled at different steps; until the Cancelled event"
    yield Figure("cancel while sampling, median", statistics.median(taken), "s", 1.0, note)
    yield Figure("cancel while sampling, longest", max(taken), "s", 1.0)
