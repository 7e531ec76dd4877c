"""A mode's form, made from its declaration."""

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from modes import Mode, Parameter


class Form:
    """The components of one mode, in the order of the declaration, to be made inside a `gr.Blocks`."""

    def __init__(self, mode: Mode, demo: bool) -> None:
        self.mode = mode
        self.parameters = {parameter.name: parameter for parameter in mode.parameters(demo)}
        self.fields: dict[str, Component] = {}
        plain = [parameter for parameter in self.parameters.values() if not parameter.advanced]
        for parameter in plain:
            if parameter.widget in ("prompt", "presets"):
                self.fields[parameter.name] = self._component(parameter)
        with gr.Row(elem_classes="k-grid"):
            for parameter in plain:
                if parameter.widget not in ("prompt", "presets"):
                    self.fields[parameter.name] = self._component(parameter)
        with gr.Accordion("Advanced", open=False), gr.Row(elem_classes="k-grid"):
            for parameter in self.parameters.values():
                if parameter.advanced:
                    self.fields[parameter.name] = self._component(parameter)

    @property
    def components(self) -> list[Component]:
        return list(self.fields.values())

    def values(self, *values: Any) -> dict[str, Any]:
        """What a handler got for `components`, by parameter name."""
        return dict(zip(self.fields, values, strict=True))

    def marks(self, errors: Mapping[str, str], hints: Mapping[str, str]) -> list[Any]:
        """An update for each component: its error where it has one, else a hint, else its help."""
        updates = []
        for name in self.fields:
            help = self.parameters[name].help
            if name in errors:
                updates.append(gr.update(info=errors[name], elem_classes=["k-field", "k-invalid"]))
            else:
                updates.append(gr.update(info=hints.get(name, help), elem_classes=["k-field"]))
        return updates

    def _component(self, parameter: Parameter) -> Component:
        unit = f" ({parameter.unit})" if parameter.unit else ""
        common = {
            "label": parameter.label + unit,
            "info": parameter.help,
            "elem_id": f"{self.mode.id}-{parameter.name}",
            "elem_classes": ["k-field"],
            "min_width": 120,
        }
        match parameter.widget:
            case "prompt":
                lines = 4 if parameter.name == "prompt" else 2
                return gr.Textbox(parameter.default, lines=lines, max_lines=12, **common)
            case "presets":
                choices = [(preset.label, preset.id) for preset in self.mode.presets]
                return gr.Radio(choices, value=parameter.default, **common)
            case "choice":
                return gr.Dropdown(
                    [(str(choice).capitalize(), choice) for choice in parameter.choices],
                    value=parameter.default,
                    **common,
                )
            case "switch":
                return gr.Checkbox(parameter.default, **common)
            case "seed":
                # Text: JavaScript's numbers lose digits above 2^53.
                return gr.Textbox("", placeholder="random", max_lines=1, **common)
            case "number":
                # No limits here: the mode's own validation says them in a sentence.
                return gr.Number(parameter.default, placeholder="preset" if parameter.optional else None, **common)
        return gr.Textbox(parameter.default, max_lines=1, **common)
