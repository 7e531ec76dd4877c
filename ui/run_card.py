"""The status card: the state of a run as HTML, worked out from its events.

All functions are pure, and text from outside is escaped.
"""

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from events import Cancelled, Download, Event, Failed, Notice, Output, Phase, Preview, Queued
from jobs import TaskDetail
from models import Presence
from modes import OutputSpec

IDLE = '<div class="k-screen k-empty"><p>Your result appears here.</p></div>'


@dataclass(frozen=True, slots=True)
class RunState:
    """What is known of a run after some of its events. `phase_since` is time.monotonic()."""

    queued: Queued | None = None
    download: Download | None = None
    phase: Phase | None = None
    phase_since: float = 0.0
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
                    same = state.phase is not None and state.phase.index == event.index
                    since = state.phase_since if same else time.monotonic()
                    seen = state.seen | {event.index}
                    state = replace(state, phase=event, phase_since=since, seen=seen, download=None)
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


def announcement(announced: OutputSpec, to_download: Sequence[Presence] = ()) -> str:
    """The line above Generate: what the file would be, and what has to be downloaded first."""
    if not to_download:
        return escape(announced.text())
    known = [each.size for each in to_download if each.size is not None]
    size = f"{sum(known) / 1e9:.1f} GB" if len(known) == len(to_download) else "unknown size"
    names = "".join(f"<li>{escape(each.file.name)}</li>" for each in to_download)
    files = f"{len(to_download)} model file{'s' if len(to_download) > 1 else ''}"
    fetched = f"<details><summary>Downloads {files} first ({size})</summary><ul>{names}</ul></details>"
    return escape(announced.text()) + fetched


def waiting_for(fields: Mapping[str, str]) -> str:
    """The first of the sentences about fields that are still empty."""
    return escape(next(iter(fields.values()), ""))


def error_card(failed: Failed) -> str:
    """What happened, what to do, and the details, folded."""
    node = f" (node {escape(failed.node)})" if failed.node else ""
    detail = ""
    if failed.detail:
        text = escape(failed.detail)
        detail = f"<details><summary>Details{node}</summary><pre>{text}</pre></details>"
    return (
        f'<div class="k-error" role="alert" data-kind="{failed.kind}"><h3>{escape(failed.message)}</h3>'
        f"<p>{escape(failed.hint)}</p>{detail}</div>"
    )


def warning(text: str) -> str:
    """A notice to everybody who opens the page."""
    return f'<p class="k-notice" role="status">{escape(text)}</p>'


def facts(task: TaskDetail) -> str:
    """The line below a result: what it is and how it was made."""
    file = _announced(task)
    items = [("Seed", task.seed)]
    if file.pixels:
        items.append(("Size", f"{file.width} × {file.height} px"))
    if file.fps:
        items.append(("Length", f"{file.seconds:.2f} s, {file.frames} frames at {file.fps:g} fps"))
    if task.seconds is not None:  # unknown for a result that was found after a crash
        items.append(("Took", duration(task.seconds)))
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in items)
    return f'<dl class="k-facts">{cells}</dl>'


def duration(seconds: float) -> str:
    """A time as people write it, such as "4.2 s", "3 min 05 s" or "2 h 10 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _announced(task: TaskDetail) -> OutputSpec:
    return OutputSpec(**task.announced)


def _picture(task: TaskDetail, state: RunState) -> str:
    file = _announced(task)
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
