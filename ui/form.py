"""One form for all modes, made from their declarations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.components import Component
from gradio.events import EventListener

from errors import KinoraError
from media import Preparer
from media.mask import BRUSH
from modes import Mode, Parameter, lists
from modes.media_info import MEDIA, image_info
from settings import Settings
from ui.files import given, served
from ui.row_editor import RowEditor

WIDE = ("stages", "prompt", "presets")  # widgets that take the whole width, from the top
# Pixels of an empty editor for masks. It puts a layer of another size in the middle of that, not over the image.
CANVAS = (2048, 2048)
FOLDED = ("loras", "lora_pairs")
GRAPH_FILE = (
    '<label class="k-file">Choose a file<input id="k-graph-file" type="file" accept=".json"></label>'  # files.js
)


class Form:
    """A field for each parameter that any mode has, to be made inside a `gr.Blocks`; a mode shows those it declares.

    What two modes both have is one field, so that it keeps its value from mode to mode, and the page does not grow with
    the number of modes. Under each field stands a note: its help, a hint, or what is wrong with its value. Notes are
    components of their own, because an update of the field itself would undo what a person is typing into it.
    """

    def __init__(self, modes: Sequence[Mode], settings: Settings) -> None:
        self._settings = settings
        self._staging = Preparer(settings)
        self._modes = {mode.id: {each.name: each for each in mode.parameters(settings.use_demo)} for mode in modes}
        self._fields: dict[str, list[Component]] = {}
        self._notes: dict[str, gr.HTML] = {}
        self._cells: dict[str, gr.Column] = {}
        self._editors: dict[str, RowEditor] = {}
        first = self._modes[modes[0].id]
        declared = {name: each for mode in reversed(modes) for name, each in self._modes[mode.id].items()}
        every = list(first.values()) + [each for name, each in declared.items() if name not in first]
        plain = [each for each in every if not each.advanced and each.widget not in FOLDED]
        self._add((each for each in plain if each.widget == "graph"), first)  # it says which media there are
        with gr.Row(elem_classes="k-grid k-media"):
            self._add((each for each in plain if each.widget in MEDIA), first)
        wide = [each for each in plain if each.widget in WIDE]
        self._add(sorted(wide, key=lambda each: WIDE.index(each.widget)), first)
        with gr.Row(elem_classes="k-grid"):
            self._add((each for each in plain if each.widget not in ("graph", *MEDIA, *WIDE)), first)
        self._folds = [
            self._folded("LoRAs", [each for each in every if each.widget in FOLDED], first),
            self._folded("Advanced", [each for each in every if each.advanced], first),
        ]

    @property
    def components(self) -> list[Component]:
        return [component for components in self._fields.values() for component in components]

    @property
    def choices(self) -> list[EventListener]:
        """A person chose something, in a field that is no text: those tell by themselves (see edits.js)."""
        first = [fields[0] for fields in self._fields.values() if not isinstance(fields[0], gr.Textbox)]
        # Media tell of what is uploaded by `change` alone; the page hardly ever changes them by itself.
        return [field.input if hasattr(field, "input") else field.change for field in first]  # type: ignore[attr-defined]

    @property
    def notes(self) -> list[gr.HTML]:
        return list(self._notes.values())

    @property
    def cells(self) -> list[gr.Column | gr.Accordion]:
        """Each field with its note, in the order of `notes`, and the folds that some of them are in."""
        return [*self._cells.values(), *(fold for fold, _ in self._folds)]

    def values(self, mode_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """What a handler got for `components` (with preprocess=False): the mode's parameters by name."""
        waiting = list(values)
        found: dict[str, Any] = {}
        for name, components in self._fields.items():
            mine, waiting = waiting[: len(components)], waiting[len(components) :]
            if name in self._modes[mode_id]:
                found[name] = (
                    self._editors[name].values(mine[0]) if name in self._editors else given(mine[0], self._settings)
                )
        if found.get("mask") and found.get("image"):
            found["mask"] = self._on_image(found["mask"], found["image"])
        return found

    def _on_image(self, mask: str, image: str) -> str:
        """What is painted, on the image alone: as long as nobody paints, a layer is as large as it was given."""
        try:
            given, wanted = (image_info(Path(file), self._settings) for file in (mask, image))
        except KinoraError:
            return mask  # which is said when it is validated
        if (given.width, given.height) != CANVAS:
            return mask
        return str(self._staging.layer(mask, (wanted.width, wanted.height)))

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

    def updates(
        self, mode_id: str, values: Mapping[str, Any], before: str | None = None, now: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Updates for `cells` and then `components`: this mode's fields, labels and choices, and the values given.

        `before` and `now` are the mode and the values that the form shows at present, where they are known: what stays
        as it is is left out, because each update costs the browser milliseconds.
        """
        parameters, old = self._modes[mode_id], self._modes[before] if before else {}
        updates: list[Any] = [
            gr.skip()
            if (old and (name in parameters) == (name in old)) or (name == "mask" and name not in parameters)
            else gr.update(visible=name in parameters)
            for name in self._cells
        ]
        for _, names in self._folds:
            some = not names.isdisjoint(parameters)
            updates.append(gr.skip() if old and some != names.isdisjoint(old) else gr.update(visible=some))
        for name, components in self._fields.items():
            same = name in old and now is not None and _shown(values.get(name)) == _shown(now.get(name))
            if name not in parameters or name not in values:
                updates += [gr.skip()] * len(components)
            elif parameters[name].widget == "mask":
                empty = now is not None and not values.get("image") and not now.get("image")
                updates.append(gr.skip() if empty else self.canvas(values.get("image"), values[name]))
            elif name in self._editors:
                updates += [gr.skip()] * len(components) if same else self._editors[name].updates(values[name])
            else:
                shown = _declaration(parameters[name])
                if name in old and shown == _declaration(old[name]):
                    shown = {}
                shown |= {} if same else {"value": self._shown(parameters[name], values[name])}
                updates.append(gr.update(**shown) if shown else gr.skip())
        return updates

    def _shown(self, parameter: Parameter, value: Any) -> Any:
        """A value as its component takes it; a file that is not there any more as none."""
        if parameter.widget not in MEDIA or value is None:
            return _shown(value)
        return served(value, self._settings) if Path(value).is_file() else None

    def canvas(self, image: Any, mask: Any = None) -> Any:
        """An update of the field for a mask: the image to paint on, and what is painted."""
        try:
            size = image_info(Path(str(image)), self._settings) if image else None
        except KinoraError:
            size = None  # the image's own field says what is wrong with it
        if size is None:
            return gr.update(value=None)
        layers = []
        if mask and size.width <= CANVAS[0] and size.height <= CANVAS[1]:  # or it has to be painted again
            layers.append(served(self._staging.layer(mask, CANVAS), self._settings))
        return gr.update(value={"background": served(image, self._settings), "layers": layers, "composite": None})

    @property
    def painted(self) -> list[tuple[Component, Component]]:
        """Fields of images, each with the one in which a mask is painted on it."""
        return [(self._fields["image"][0], self._fields["mask"][0])] if "mask" in self._fields else []

    def has(self, mode_id: str, name: str) -> bool:
        return name in self._modes[mode_id]

    def annotate(
        self, mode_id: str, errors: Mapping[str, str], hints: Mapping[str, str], unused: Collection[str] = ()
    ) -> list[Any]:
        """For each of `notes`: the field's error where it has one, else a hint, else its help.

        Those of `unused` take their fields out of sight.
        """
        help = {name: parameter.help for name, parameter in self._modes[mode_id].items()}
        return [
            gr.skip()
            if name not in help
            else _note(errors[name], "k-wrong")
            if name in errors
            else _note(help[name], "k-unused")
            if name in unused
            else _note(hints.get(name, help[name]))
            for name in self._notes
        ]

    def _folded(
        self, label: str, parameters: Sequence[Parameter], first: Mapping[str, Parameter]
    ) -> tuple[gr.Accordion, set[str]]:
        """A fold, and the names of what is in it."""
        with gr.Accordion(label, open=False) as fold, gr.Row(elem_classes="k-grid"):
            self._add(parameters, first)
        return fold, {each.name for each in parameters}

    def _add(self, parameters: Iterable[Parameter], first: Mapping[str, Parameter]) -> None:
        for parameter in parameters:
            # An editor that is taken away takes a third of a second with it: once it is there, kinora.css hides it.
            kind = "k-cell k-mask" if parameter.widget == "mask" else "k-cell"
            with gr.Column(elem_classes=kind, min_width=120, visible=parameter.name in first) as cell:
                if parameter.widget in lists.LIST_KINDS:
                    editor = self._editors[parameter.name] = RowEditor(parameter)
                    self._fields[parameter.name] = editor.components
                else:
                    self._fields[parameter.name] = [_component(parameter)]
                if parameter.widget == "graph":
                    gr.HTML(GRAPH_FILE)
                self._notes[parameter.name] = gr.HTML(_note(parameter.help), elem_id=f"{_id(parameter)}-note")
            self._cells[parameter.name] = cell


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
        case "mask":
            brush = gr.Brush(default_size=40, colors=[BRUSH], color_mode="fixed")
            bare: dict[str, Any] = {
                "canvas_size": CANVAS,
                "sources": (),
                "transforms": (),
                "layers": False,
                "format": "png",
            }
            return gr.ImageEditor(None, type="filepath", brush=brush, height=380, **bare, **common)
        case "prompt":
            lines = 4 if parameter.name == "prompt" else 2
            return gr.Textbox(value, lines=lines, max_lines=12, **common)
        case "graph":
            return gr.Textbox(value, lines=10, max_lines=10, **common)
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
        shown["placeholder"] = "automatic" if parameter.optional else ""
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


def _note(text: str, kind: Literal["", "k-wrong", "k-unused"] = "") -> str:
    role = ' role="alert"' if kind == "k-wrong" else ""
    return f'<p class="{f"k-note {kind}".strip()}"{role}>{escape(text)}</p>'
