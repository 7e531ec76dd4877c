"""The list of modes: grouped, searchable, and marked with what a mode still has to download."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

import gradio as gr

from modes import Mode
from ui.scripts import on_load


def mode_list(modes: Iterable[Mode], chosen: str) -> gr.HTML:
    """Its value is the id of the chosen mode; a person's choice triggers `select` (static/form/mode_list.js).

    The modes are plain buttons, so the page hardly grows with their number.
    """
    groups = (
        f"<section><h3>{escape(group)}</h3>{''.join(map(_button, members))}</section>"
        for group, members in groupby(modes, lambda mode: mode.group)
    )
    content = (
        '<input id="mode-search" type="search" placeholder="Search modes" aria-label="Search modes">'
        f'<nav id="mode-list" aria-label="Modes"><section id="mode-recent" hidden></section>{"".join(groups)}</nav>'
    )
    return gr.HTML(
        chosen,
        html_template="${content}",
        content=content,
        js_on_load=on_load("form/mode_list.js"),
        elem_id="k-sidebar",
    )


def _button(mode: Mode) -> str:
    words = escape(f"{mode.label} {mode.group} {mode.summary}".lower(), quote=True)
    return (
        f'<button type="button" data-mode="{mode.id}" data-words="{words}"><span>{escape(mode.label)}</span></button>'
    )
