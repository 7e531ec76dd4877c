"""Pieces of HTML that several parts of the page show: the line above Generate, errors, notices, facts, times.

Text from outside is escaped.
"""

from collections.abc import Mapping, Sequence
from html import escape

from events import Failed
from jobs import TaskDetail
from models import Presence
from modes import OutputSpec


def announcement(spec: OutputSpec, to_download: Sequence[Presence] = ()) -> str:
    """The line above Generate: what the file would be, and what has to be downloaded first."""
    if not to_download:
        return escape(spec.text())
    known = [each.size for each in to_download if each.size is not None]
    size = f"{sum(known) / 1e9:.1f} GB" if len(known) == len(to_download) else "unknown size"
    names = "".join(f"<li>{escape(each.file.name)}</li>" for each in to_download)
    files = f"{len(to_download)} model file{'s' if len(to_download) > 1 else ''}"
    fetched = f"<details><summary>Downloads {files} first ({size})</summary><ul>{names}</ul></details>"
    return escape(spec.text()) + fetched


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
    file = OutputSpec(**task.announced)
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
