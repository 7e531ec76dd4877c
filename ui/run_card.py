"""The status card: the state of a run as HTML, worked out from its events.

All functions are pure, and text from outside is escaped.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape

from events import Cancelled, Download, Event, Failed, Notice, Output, Phase, Preview, Queued
from jobs import TaskDetail
from modes import OutputSpec
from ui.snippets import duration, error_card

IDLE = '<div class="k-screen k-empty"><p>Your result appears here.</p></div>'


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of a run after some of its events."""

    queued: Queued | None = None
    download: Download | None = None
    phase: Phase | None = None
    seen: frozenset[int] = field(default_factory=frozenset)  # the phases that have begun
    preview: bytes | None = None
    notices: tuple[str, ...] = ()
    end: Output | Failed | Cancelled | None = None

    def after(self, events: Iterable[Event]) -> "RunState":
        """The state once these events have happened as well."""
        state = self
        for event in events:
            match event:
                case Queued():  # also after an interrupted run, which starts again from the beginning
                    state = replace(state, queued=event, phase=None, seen=frozenset(), preview=None)
                case Download():
                    state = replace(state, download=None if event.done >= event.total else event)
                case Phase():
                    state = replace(state, phase=event, seen=state.seen | {event.index}, download=None)
                case Preview():
                    state = replace(state, preview=event.jpeg)
                case Notice():
                    state = replace(state, notices=(*state.notices, event.message))
                case Output() | Failed() | Cancelled():
                    state = replace(state, end=event, download=None)
        return state


@dataclass(frozen=True, slots=True)
class Clock:
    """What changes from second to second. Times are in seconds.

    `blocked` says why the queue starts no tasks, or is "".
    """

    elapsed: float
    left: float | None = None
    stopping: bool = False
    blocked: str = ""


def card(task: TaskDetail, state: RunState, clock: Clock) -> str:
    """The whole card for a run: the picture area, times and phases, or an error card."""
    notices = "".join(f'<p class="k-notice">{escape(text)}</p>' for text in state.notices)
    match state.end:
        case Failed():
            return error_card(state.end)
        case Cancelled():
            cancelled = f'<div class="k-screen k-empty"><p>Cancelled after {duration(clock.elapsed)}.</p></div>'
            return cancelled + _phases(task, state)
        case Output():
            return notices + _phases(task, state)
        case None:
            return _picture(task, state) + _headline(state, clock) + notices + _phases(task, state)


def _picture(task: TaskDetail, state: RunState) -> str:
    file = OutputSpec(**task.announced)
    ratio = f"aspect-ratio:{file.width}/{file.height}" if file.pixels else "aspect-ratio:16/9"
    if state.preview is None:
        return f'<div class="k-screen k-waiting" style="{ratio}"></div>'
    data = base64.b64encode(state.preview).decode()
    image = f'<img class="k-preview" alt="Preview" src="data:image/jpeg;base64,{data}">'
    return f'<div class="k-screen" style="{ratio}">{image}</div>'


def _headline(state: RunState, clock: Clock) -> str:
    words, value, total = _now(state, clock)
    bar = f'<progress value="{value}" max="{total}"></progress>' if total else "<progress></progress>"
    times = [f"{duration(clock.elapsed)} elapsed"] if clock.elapsed else []
    if clock.left is not None and clock.elapsed:
        times.append(f"about {duration(clock.left)} left")
    return f'<div class="k-now"><div><b>{escape(words)}</b><span>{" · ".join(times)}</span></div>{bar}</div>'


def _now(state: RunState, clock: Clock) -> tuple[str, float, float]:
    """What happens now in words, and the progress as a value and its maximum, 0 and 0 where it is unknown."""
    if state.download:
        file = state.download
        size = f"{file.done / 1e9:.2f} of {file.total / 1e9:.2f} GB at {file.speed / 1e6:.1f} MB/s"
        return f"Downloading {file.file}: {size}", file.done, file.total
    if clock.stopping:
        return "Stopping", 0, 0
    if state.phase:
        step = f", step {state.phase.step} of {state.phase.steps}" if state.phase.step else ""
        return f"{state.phase.label}{step}", state.phase.step, state.phase.steps
    if clock.blocked:
        return f"Waiting. {clock.blocked}", 0, 0
    if state.queued and state.queued.ahead:
        tasks = "1 task" if state.queued.ahead == 1 else f"{state.queued.ahead:,} tasks"
        return f"Waiting for {tasks} ahead of this one", 0, 0
    return "Starting", 0, 0


def _phases(task: TaskDetail, state: RunState) -> str:
    current = state.phase.index if state.phase and not state.end else None
    succeeded = isinstance(state.end, Output)
    items = []
    for index, phase in enumerate(task.phases):
        # On success every phase is done: those that did not run came from the engine's cache.
        shown = "now" if index == current else "done" if succeeded or index in state.seen else "todo"
        items.append(f'<li data-state="{shown}">{escape(phase.label)}</li>')
    return f'<ol class="k-phases">{"".join(items)}</ol>'
