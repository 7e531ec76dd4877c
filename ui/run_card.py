"""The status card: what a run's events come to, as HTML. Pure functions; everything from outside is escaped."""

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from events import Cancelled, Download, Event, Failed, Notice, Output, Phase, Preview, Queued
from jobs import TaskDetail
from models import Presence
from modes import OutputSpec

IDLE = '<div class="k-stage k-empty"><p>What you make appears here.</p></div>'


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a run after some of its events. `phase_since` is time.monotonic()."""

    queued: Queued | None = None
    download: Download | None = None
    phase: Phase | None = None
    phase_since: float = 0.0
    seen: frozenset[int] = field(default_factory=frozenset)
    preview: bytes | None = None
    notices: tuple[str, ...] = ()
    end: Output | Failed | Cancelled | None = None

    def after(self, events: Iterable[Event]) -> "View":
        """The view once these events have happened as well."""
        view = self
        for event in events:
            match event:
                case Queued():  # also after a run that came to nothing: it begins anew
                    view = replace(view, queued=event, phase=None, seen=frozenset(), preview=None)
                case Download():
                    view = replace(view, download=None if event.done >= event.total else event)
                case Phase():
                    same = view.phase is not None and view.phase.index == event.index
                    since = view.phase_since if same else time.monotonic()
                    view = replace(view, phase=event, phase_since=since, seen=view.seen | {event.index}, download=None)
                case Preview():
                    view = replace(view, preview=event.jpeg)
                case Notice():
                    view = replace(view, notices=(*view.notices, event.message))
                case Output() | Failed() | Cancelled():
                    view = replace(view, end=event, download=None)
        return view


@dataclass(frozen=True, slots=True)
class Moment:
    """What changes from second to second. Times in seconds; `held` says why the queue takes nothing up, or is ""."""

    elapsed: float
    left: float | None = None
    stopping: bool = False
    held: str = ""


def card(task: TaskDetail, view: View, now: Moment) -> str:
    """The whole card for a run: picture area, phases, times; an error card where it failed."""
    notices = "".join(f'<p class="k-notice">{escape(text)}</p>' for text in view.notices)
    match view.end:
        case Failed():
            return error_card(view.end)
        case Cancelled():
            cancelled = f'<div class="k-stage k-empty"><p>Cancelled after {spoken(now.elapsed)}.</p></div>'
            return cancelled + _phases(task, view)
        case Output():
            return notices + _phases(task, view)
    return _picture(task, view) + _headline(view, now) + notices + _phases(task, view)


def announcement(announced: OutputSpec, to_download: Sequence[Presence] = ()) -> str:
    """What would be made, and what has to be fetched first."""
    if not to_download:
        return escape(announced.text())
    known = [each.size for each in to_download if each.size is not None]
    size = f"{sum(known) / 1e9:.1f} GB" if len(known) == len(to_download) else "size not known yet"
    names = "".join(f"<li>{escape(each.file.name)}</li>" for each in to_download)
    files = f"{len(to_download)} model file{'s' if len(to_download) > 1 else ''}"
    fetched = f"<details><summary>First downloads {files} ({size})</summary><ul>{names}</ul></details>"
    return escape(announced.text()) + fetched


def waiting_for(fields: Mapping[str, str]) -> str:
    """What is still to be filled in, from the sentences about empty fields."""
    return escape(next(iter(fields.values()), ""))


def error_card(failed: Failed) -> str:
    """What happened, what to do, and the details folded."""
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
    """Something that everybody should know."""
    return f'<p class="k-notice" role="status">{escape(text)}</p>'


def facts(task: TaskDetail) -> str:
    """Under the video: what it is and how it was made."""
    file = _announced(task)
    items = [("Seed", task.seed)]
    if file.pixels:
        items.append(("Size", f"{file.width} × {file.height} px"))
    if file.fps:
        items.append(("Length", f"{file.seconds:.2f} s, {file.frames} frames at {file.fps:g} fps"))
    if task.seconds is not None:  # not known of a result that was found after a crash
        items.append(("Took", spoken(task.seconds)))
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in items)
    return f'<dl class="k-facts">{cells}</dl>'


def _announced(task: TaskDetail) -> OutputSpec:
    return OutputSpec(**task.announced)


def _picture(task: TaskDetail, view: View) -> str:
    file = _announced(task)
    ratio = f"aspect-ratio:{file.width}/{file.height}" if file.pixels else "aspect-ratio:16/9"
    if view.preview is None:
        return f'<div class="k-stage k-waiting" style="{ratio}"></div>'
    data = base64.b64encode(view.preview).decode()
    image = f'<img class="k-preview" alt="Preview" src="data:image/jpeg;base64,{data}">'
    return f'<div class="k-stage" style="{ratio}">{image}</div>'


def _headline(view: View, now: Moment) -> str:
    words, value, total = _now(view, now)
    bar = f'<progress value="{value}" max="{total}"></progress>' if total else "<progress></progress>"
    times = [f"{spoken(now.elapsed)} elapsed"] if now.elapsed else []
    if now.left is not None and now.elapsed:
        times.append(f"about {spoken(now.left)} left")
    return f'<div class="k-now"><div><b>{escape(words)}</b><span>{" · ".join(times)}</span></div>{bar}</div>'


def _now(view: View, now: Moment) -> tuple[str, float, float]:
    """What runs now in words, and how far it is, 0 of 0 where unknown."""
    if view.download:
        file = view.download
        size = f"{file.done / 1e9:.2f} of {file.total / 1e9:.2f} GB at {file.speed / 1e6:.1f} MB/s"
        return f"Downloading {file.file}: {size}", file.done, file.total
    if now.stopping:
        return "Stopping", 0, 0
    if view.phase:
        step = f", step {view.phase.step} of {view.phase.steps}" if view.phase.step else ""
        return f"{view.phase.label}{step}", view.phase.step, view.phase.steps
    if now.held:
        return f"Waiting. {now.held}", 0, 0
    if view.queued and view.queued.ahead:
        runs = "run" if view.queued.ahead == 1 else "runs"
        return f"Waiting behind {view.queued.ahead} {runs}", 0, 0
    return "Starting", 0, 0


def _phases(task: TaskDetail, view: View) -> str:
    current = view.phase.index if view.phase and not view.end else None
    succeeded = isinstance(view.end, Output)
    items = []
    for index, phase in enumerate(task.phases):
        # On success every phase is done: those that did not run came from the engine's cache.
        state = "now" if index == current else "done" if succeeded or index in view.seen else "todo"
        items.append(f'<li data-state="{state}">{escape(phase.label)}</li>')
    return f'<ol class="k-stages">{"".join(items)}</ol>'


def spoken(seconds: float) -> str:
    """A time in the units that people use."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
