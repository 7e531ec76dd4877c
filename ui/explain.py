"""What the form's values would make, or what is wrong with them, while a person is still typing."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from errors import InvalidInputError
from jobs import CallerQueue
from modes import InvalidParamsError, Mode
from ui import snippets


@dataclass(frozen=True, slots=True)
class Explanation:
    """The line above Generate as HTML and, by parameter, hints, errors, and what has no effect."""

    text: str
    hints: Mapping[str, str]
    errors: Mapping[str, str]
    unused: frozenset[str]


def explain(queue: CallerQueue, mode: Mode, raw: Mapping[str, Any]) -> Explanation:
    """Explains a mode's values as the form has them."""
    presets = {preset.id: preset.summary for preset in mode.presets}
    hints = {"preset": presets[raw["preset"]]} if raw.get("preset") in presets else {}
    unused = frozenset(name for name in mode.unused(raw) if not raw.get(name))
    try:
        # An empty prompt changes no number, and is no error before Generate.
        prompt = {"prompt": raw["prompt"] or "…"} if "prompt" in raw else {}
        params = mode.validate({**raw, **prompt}, queue.settings)
    except InvalidParamsError as error:
        # A field that is still empty is no error before Generate, but there is no output spec either.
        wrong = {name: text for name, text in error.fields.items() if raw.get(name) not in (None, "", [])}
        return Explanation("" if wrong else snippets.waiting_for(error.fields), hints, wrong, unused)
    spec = params.output_spec()
    try:
        text = snippets.announcement(spec, queue.to_download(mode, params))
    except InvalidInputError as error:  # a graph of the person's own names something that is no model file
        text = escape(error.message)
    return Explanation(text, hints | dict(spec.notes), {}, unused)
