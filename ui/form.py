"""One form for all modes, made from their declarations."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component

from modes import Mode, Parameter

MEDIA = ("image", "audio", "video")
WIDE = ("prompt", "presets")  # widgets that take the whole width
LORA_ROWS = 4


class Form:
    """A field for each parameter that any mode has, to be made inside a `gr.Blocks`; a mode shows those it declares.

    What two modes both have is one field, so that it keeps its value from mode to mode, and the page does not grow with
    the number of modes. Under each field stands a note: its help, a hint, or what is wrong with its value. Notes are
    components of their own, because an update of the field itself would undo what a person is typing into it.
    """

    def __init__(self, modes: Sequence[Mode], demo: bool, loras: Sequence[str]) -> None:
        self._modes = {mode.id: {each.name: each for each in mode.parameters(demo)} for mode in modes}
        self._loras = loras
        self._fields: dict[str, list[Component]] = {}
        self._notes: dict[str, gr.HTML] = {}
        self._cells: dict[str, gr.Column] = {}
        first = self._modes[modes[0].id]
        declared = {name: each for mode in reversed(modes) for name, each in self._modes[mode.id].items()}
        every = list(first.values()) + [each for name, each in declared.items() if name not in first]
        plain = [each for each in every if not each.advanced and each.widget != "loras"]
        with gr.Row(elem_classes="k-grid k-media"):
            self._add((each for each in plain if each.widget in MEDIA), first)
        self._add((each for each in plain if each.widget in WIDE), first)
        with gr.Row(elem_classes="k-grid"):
            self._add((each for each in plain if each.widget not in (*MEDIA, *WIDE)), first)
        with gr.Accordion("LoRAs", open=False):
            self._add((each for each in every if each.widget == "loras"), first)
        with gr.Accordion("Advanced", open=False), gr.Row(elem_classes="k-grid"):
            self._add((each for each in every if each.advanced), first)

    @property
    def components(self) -> list[Component]:
        return [component for components in self._fields.values() for component in components]

    @property
    def notes(self) -> list[gr.HTML]:
        return list(self._notes.values())

    @property
    def cells(self) -> list[gr.Column]:
        """Each field with its note, in the order of `notes`."""
        return list(self._cells.values())

    def values(self, mode_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """What a handler got for `components` (with preprocess=False): the mode's parameters by name."""
        waiting = list(values)
        found: dict[str, Any] = {}
        for name, components in self._fields.items():
            mine, waiting = waiting[: len(components)], waiting[len(components) :]
            if name in self._modes[mode_id]:
                found[name] = _plain(mine[0]) if len(mine) == 1 else _lora_rows(mine)
        return found

    def show(self, mode_id: str, before: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with which a mode's form begins after another mode's: what a person chose stays if it fits."""
        parameters = self._modes[mode_id]
        chosen = {
            name: value for name, value in values.items() if not _is_default(value, self._modes[before].get(name))
        }
        return {
            name: chosen[name] if name in chosen and _fits(chosen[name], parameter) else parameter.default
            for name, parameter in parameters.items()
        }

    def updates(self, mode_id: str, values: Mapping[str, Any]) -> list[Any]:
        """Updates for `cells` and then `components`: this mode's fields, labels and choices, and the values given."""
        parameters = self._modes[mode_id]
        updates: list[Any] = [gr.update(visible=name in parameters) for name in self._cells]
        for name, components in self._fields.items():
            if name not in parameters:
                updates += [gr.skip()] * len(components)
            elif len(components) > 1:
                updates += _lora_updates(values[name]) if name in values else [gr.skip()] * len(components)
            else:
                update = _declaration(parameters[name])
                updates.append(gr.update(**update, **({"value": _shown(values[name])} if name in values else {})))
        return updates

    def annotate(self, mode_id: str, errors: Mapping[str, str], hints: Mapping[str, str]) -> list[str]:
        """A text for each of `notes`: the field's error where it has one, else a hint, else its help."""
        help = {name: parameter.help for name, parameter in self._modes[mode_id].items()}
        return [
            _note(errors[name], wrong=True) if name in errors else _note(hints.get(name, help.get(name, "")))
            for name in self._notes
        ]

    def _add(self, parameters: Iterable[Parameter], first: Mapping[str, Parameter]) -> None:
        for parameter in parameters:
            with gr.Column(elem_classes="k-cell", min_width=120, visible=parameter.name in first) as cell:
                if parameter.widget == "loras":
                    self._fields[parameter.name] = self._lora_components()
                else:
                    self._fields[parameter.name] = [_component(parameter)]
                self._notes[parameter.name] = gr.HTML(_note(parameter.help), elem_id=f"{_id(parameter)}-note")
            self._cells[parameter.name] = cell

    def _lora_components(self) -> list[Component]:
        """Rows of file, strength and on; the order of the rows is the order in the graph."""
        components: list[Component] = []
        for number, row in enumerate(_padded([]), start=1):
            with gr.Row(elem_classes="k-lora"):
                components += [
                    gr.Dropdown(["", *self._loras], value=row["file"], label=f"LoRA {number}", min_width=180, scale=3),
                    gr.Textbox(str(row["strength"]), label="Strength", max_lines=1, min_width=64, scale=1),
                    gr.Checkbox(row["on"], label="On", min_width=48, scale=0),
                ]
        return components


def _id(parameter: Parameter) -> str:
    return f"field-{parameter.name}"


def _component(parameter: Parameter) -> Component:
    common = {**_declaration(parameter), "elem_id": _id(parameter)}
    value = _shown(parameter.default)
    match parameter.widget:
        case "image":
            return gr.Image(None, type="filepath", sources=["upload", "clipboard"], height=180, **common)
        case "audio":
            return gr.Audio(None, type="filepath", sources=["upload", "microphone"], buttons=["download"], **common)
        case "video":
            return gr.Video(None, sources=["upload"], height=180, **common)
        case "prompt":
            lines = 4 if parameter.name == "prompt" else 2
            return gr.Textbox(value, lines=lines, max_lines=12, **common)
        case "presets":
            return gr.Radio(value=value, **common)
        case "choice":
            return gr.Dropdown(value=value, **common)
        case "switch":
            return gr.Checkbox(value, **common)
        case "number" | "seed":
            # Text: gr.Number turns an empty field into 0, and JavaScript's numbers lose digits above 2^53.
            return gr.Textbox(value, max_lines=1, **common)
    raise AssertionError(f"no component for {parameter.widget}")


def _declaration(parameter: Parameter) -> dict[str, Any]:
    """What of a parameter's declaration its component shows; modes that share a field may differ in it."""
    unit = f" ({parameter.unit})" if parameter.unit else ""
    shown: dict[str, Any] = {"label": parameter.label + unit}
    if parameter.choices:
        shown["choices"] = [(choice[:1].upper() + choice[1:], choice) for choice in parameter.choices]
    if parameter.widget in ("number", "seed"):
        shown["placeholder"] = "random" if parameter.widget == "seed" else "automatic" if parameter.optional else ""
    return shown


def _shown(value: Any) -> Any:
    """A value as its component takes it."""
    if isinstance(value, bool):
        return value
    return None if value is None else str(value)


def _is_default(value: Any, parameter: Parameter | None) -> bool:
    if parameter is None:
        return False
    return value in ("", None) if parameter.default is None else str(value) == str(parameter.default)


def _fits(value: Any, parameter: Parameter) -> bool:
    return not parameter.choices or value in parameter.choices


def _plain(value: Any) -> Any:
    """A media component's payload as the path it carries; other values as they are."""
    if isinstance(value, Mapping):
        return _plain(value.get("video") or value.get("path"))
    return value


def _padded(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As many rows as the form has."""
    empty = {"file": "", "strength": 1, "on": True}
    return [empty | dict(row) for row in [*rows, *[empty] * LORA_ROWS][:LORA_ROWS]]


def _lora_updates(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    cells = (cell for row in _padded(rows) for cell in (row["file"], str(row["strength"]), row["on"]))
    return [gr.update(value=cell) for cell in cells]


def _lora_rows(values: Sequence[Any]) -> list[dict[str, Any]]:
    rows = zip(values[0::3], values[1::3], values[2::3], strict=True)
    return [{"file": file, "strength": strength or 1, "on": on} for file, strength, on in rows if file]


def _note(text: str, wrong: bool = False) -> str:
    kind = 'class="k-note k-wrong" role="alert"' if wrong else 'class="k-note"'
    return f"<p {kind}>{escape(text)}</p>"
