"""A mode's form, made from its declaration."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component

from modes import Mode, Parameter

WIDE = ("prompt", "presets")  # widgets that take the whole width


class Form:
    """The components of one mode, in the order of the declaration, to be made inside a `gr.Blocks`.

    Under each field stands a note: its help, or what is wrong with its value. Notes are components of their own,
    because an update of the field itself would undo what a person is typing into it.
    """

    def __init__(self, mode: Mode, demo: bool) -> None:
        self.mode = mode
        self.fields: dict[str, Component] = {}
        self._notes: dict[str, gr.HTML] = {}
        self._help: dict[str, str] = {}
        parameters = mode.parameters(demo)
        plain = [parameter for parameter in parameters if not parameter.advanced]
        self._add(parameter for parameter in plain if parameter.widget in WIDE)
        with gr.Row(elem_classes="k-grid"):
            self._add(parameter for parameter in plain if parameter.widget not in WIDE)
        with gr.Accordion("Advanced", open=False), gr.Row(elem_classes="k-grid"):
            self._add(parameter for parameter in parameters if parameter.advanced)

    @property
    def components(self) -> list[Component]:
        return list(self.fields.values())

    @property
    def notes(self) -> list[gr.HTML]:
        return list(self._notes.values())

    def values(self, *values: Any) -> dict[str, Any]:
        """What a handler got for `components`, by parameter name."""
        return dict(zip(self.fields, values, strict=True))

    def annotate(self, errors: Mapping[str, str], hints: Mapping[str, str]) -> list[str]:
        """A text for each of `notes`: the field's error where it has one, else a hint, else its help."""
        return [
            _note(errors[name], wrong=True) if name in errors else _note(hints.get(name, self._help[name]))
            for name in self._notes
        ]

    def _add(self, parameters: Iterable[Parameter]) -> None:
        for parameter in parameters:
            with gr.Column(elem_classes="k-cell", min_width=120):
                self.fields[parameter.name] = self._component(parameter)
                self._notes[parameter.name] = gr.HTML(_note(parameter.help), elem_id=f"{self.id_of(parameter)}-note")
            self._help[parameter.name] = parameter.help

    def id_of(self, parameter: Parameter) -> str:
        return f"{self.mode.id}-{parameter.name}"

    def _component(self, parameter: Parameter) -> Component:
        unit = f" ({parameter.unit})" if parameter.unit else ""
        common = {"label": parameter.label + unit, "elem_id": self.id_of(parameter)}
        match parameter.widget:
            case "prompt":
                lines = 4 if parameter.name == "prompt" else 2
                return gr.Textbox(parameter.default, lines=lines, max_lines=12, **common)
            case "presets":
                choices = [(preset.label, preset.id) for preset in self.mode.presets]
                return gr.Radio(choices, value=parameter.default, **common)
            case "choice":
                choices = [(str(choice).capitalize(), choice) for choice in parameter.choices]
                return gr.Dropdown(choices, value=parameter.default, **common)
            case "switch":
                return gr.Checkbox(parameter.default, **common)
            case "seed":
                # Text: JavaScript's numbers lose digits above 2^53.
                return gr.Textbox("", placeholder="random", max_lines=1, **common)
            case "number" if parameter.optional:
                # Text: an empty gr.Number turns into 0 by itself.
                return gr.Textbox("", placeholder="automatic", max_lines=1, **common)
            case "number":
                # No limits here: the mode's own validation says them in a sentence.
                return gr.Number(parameter.default, **common)
        return gr.Textbox(parameter.default, max_lines=1, **common)


def _note(text: str, wrong: bool = False) -> str:
    return (
        f'<p class="k-note k-wrong" role="alert">{escape(text)}</p>'
        if wrong
        else f'<p class="k-note">{escape(text)}</p>'
    )
