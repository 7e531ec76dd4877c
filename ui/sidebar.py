"""The list of modes: grouped, searchable, and marked with what still has to be downloaded (see modes.js)."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from modes import Mode


def sidebar(modes: Iterable[Mode]) -> str:
    """Plain buttons: the page's size hardly grows with their number."""
    groups = (
        f"<section><h3>{escape(group)}</h3>{''.join(map(_button, members))}</section>"
        for group, members in groupby(modes, lambda mode: mode.group)
    )
    return (
        '<input id="mode-search" type="search" placeholder="Find a mode" aria-label="Find a mode">'
        f'<nav id="mode-list" aria-label="Modes"><section id="mode-recent" hidden></section>{"".join(groups)}</nav>'
    )


def _button(mode: Mode) -> str:
    words = escape(f"{mode.label} {mode.group} {mode.summary}".lower(), quote=True)
    return (
        f'<button type="button" data-mode="{mode.id}" data-words="{words}"><span>{escape(mode.label)}</span></button>'
    )
