"""One form for all modes, made from their declarations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from errors import KinoraError
from media import Preparer
from modes import Mode, Parameter, lists
from modes.media_info import MEDIA, image_info
from settings import Settings
from ui import fields
from ui.gradio_cache import publish_to_cache, uploaded_path
from ui.list_editor import ListEditor
from ui.scripts import on_load

WIDE = ("stages", "prompt", "presets")  # widgets that take the whole width, from the top
FOLDED = ("loras", "lora_pairs")
GRAPH_FILE = (
    '<label class="k-file">Choose a file<input id="k-graph-file" type="file" accept=".json"></label>'
    '<span class="k-note" role="alert"></span>'
)

Updates = dict[Block, Any]
"""What handlers return: an update for each component that changes."""


class Form:
    """A field for each parameter that any mode has, to be made inside a `gr.Blocks`; a mode shows those it declares.

    A parameter that two modes share is one field. So it keeps its value when the mode changes, and the page does not
    grow with the number of modes. Under each field is a note: its help, a hint, or what is wrong with its value. Notes
    are components of their own, because an update of the field itself would undo what a person is typing into it.
    """

    def __init__(self, modes: Sequence[Mode], settings: Settings) -> None:
        self._settings = settings
        self._preparer = Preparer(settings)
        self._modes = {mode.id: {each.name: each for each in mode.parameters(settings.use_demo)} for mode in modes}
        self._fields: dict[str, Component] = {}
        self._notes: dict[str, gr.HTML] = {}
        self._cells: dict[str, gr.Column] = {}
        self._editors: dict[str, ListEditor] = {}
        first = self._modes[modes[0].id]
        declared = {name: each for mode in reversed(modes) for name, each in self._modes[mode.id].items()}
        every = list(first.values()) + [each for name, each in declared.items() if name not in first]
        plain = [each for each in every if not each.advanced and each.widget not in FOLDED]
        self._add((each for each in plain if each.widget == "graph"), first)  # first: the media depend on it
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
        """The fields, in the order in which `values` takes what they hold."""
        return list(self._fields.values())

    @property
    def parts(self) -> list[Block]:
        """Everything that `updates` and `annotate` may change."""
        return [*self._notes.values(), *self._cells.values(), *(fold for fold, _ in self._folds), *self.components]

    @property
    def choices(self) -> list[Any]:
        """The events of a person's choice in a field that is no text; for text see static/form/announcement.js."""
        chosen = [field for field in self._fields.values() if not isinstance(field, gr.Textbox)]
        # Media report an upload by `change` alone; the page hardly ever changes them by itself.
        return [getattr(field, "input", None) or getattr(field, "change", None) for field in chosen]

    @property
    def notes(self) -> list[gr.HTML]:
        return list(self._notes.values())

    @property
    def painted(self) -> list[tuple[Component, Component]]:
        """Fields of images, each with the field for a mask that is painted on it."""
        return [(self._fields["image"], self._fields["mask"])] if "mask" in self._fields else []

    def has(self, mode_id: str, name: str) -> bool:
        return name in self._modes[mode_id]

    def values(self, mode_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """The mode's parameters by name, from what a handler gets for `components` (with preprocess=False)."""
        found: dict[str, Any] = {}
        for name, value in zip(self._fields, values, strict=True):
            if name in self._modes[mode_id]:
                editor = self._editors.get(name)
                found[name] = editor.values(value) if editor else uploaded_path(value, self._settings)
        if found.get("mask") and found.get("image"):
            found["mask"] = self._on_image(found["mask"], found["image"])
        return found

    def _on_image(self, mask: str, image: str) -> str:
        """The mask at its image's size. Until somebody paints, the editor's layer has the size of its canvas."""
        try:
            painted, wanted = (image_info(Path(file), self._settings) for file in (mask, image))
        except KinoraError:
            return mask  # validation reports it
        if (painted.width, painted.height) != fields.CANVAS:
            return mask
        return str(self._preparer.layer(mask, (wanted.width, wanted.height)))

    def carried_over(self, mode_id: str, before: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values a mode's form starts with when it replaces the form of the mode `before`.

        What a person chose stays where the new mode takes it; all else starts with its default.
        """
        chosen = {
            name: value for name, value in values.items() if not fields.is_default(value, self._modes[before].get(name))
        }
        return {
            name: chosen[name] if name in chosen and _fits(chosen[name], parameter) else parameter.default
            for name, parameter in self._modes[mode_id].items()
        }

    def updates(
        self, mode_id: str, values: Mapping[str, Any], before: str | None = None, now: Mapping[str, Any] | None = None
    ) -> Updates:
        """What shows this mode's fields, with their labels, choices and the values given.

        `before` and `now` are the mode and the values that the form shows at present, where they are known: what stays
        the same is left out, because each update costs the browser milliseconds.
        """
        parameters, old = self._modes[mode_id], self._modes[before] if before else {}
        updates: Updates = {}
        for name, cell in self._cells.items():
            known = old and (name in parameters) == (name in old)
            if not known and (name != "mask" or name in parameters):
                updates[cell] = gr.update(visible=name in parameters)
        for fold, names in self._folds:
            some = not names.isdisjoint(parameters)
            if not old or some == names.isdisjoint(old):
                updates[fold] = gr.update(visible=some)
        for name, parameter in parameters.items():
            if name in values:
                changed = self._changed(parameter, values, old.get(name), now)
                if changed is not None:
                    updates[self._fields[name]] = changed
        return updates

    def _changed(
        self,
        parameter: Parameter,
        values: Mapping[str, Any],
        old: Parameter | None,
        now: Mapping[str, Any] | None,
    ) -> Any:
        """An update of a parameter's field, or None where it stays the same."""
        name = parameter.name
        same = old and now is not None and fields.as_shown(values[name]) == fields.as_shown(now.get(name))
        if parameter.widget == "mask":
            empty = now is not None and not values.get("image") and not now.get("image")
            return None if empty else self.canvas(values.get("image"), values[name])
        if name in self._editors:
            # The plain value: gr.update would take away the properties of a gr.HTML that is out of sight.
            return None if same else self._editors[name].shown(values[name])
        shown = fields.declaration(parameter)
        if old and shown == fields.declaration(old):
            shown = {}
        if not same:
            shown["value"] = self._shown(parameter, values[name])
        return gr.update(**shown) if shown else None

    def _shown(self, parameter: Parameter, value: Any) -> Any:
        """A value as its component takes it. A file that no longer exists becomes None."""
        if parameter.widget not in MEDIA or value is None:
            return fields.as_shown(value)
        return publish_to_cache(value, self._settings) if Path(value).is_file() else None

    def canvas(self, image: Any, mask: Any = None) -> dict[str, Any]:
        """An update of the mask's field: the image to paint on, and the mask."""
        try:
            size = image_info(Path(str(image)), self._settings) if image else None
        except KinoraError:
            size = None  # the image's own field says what is wrong with it
        if size is None:
            return gr.update(value=None)
        layers = []
        if mask and size.width <= fields.CANVAS[0] and size.height <= fields.CANVAS[1]:  # or it must be painted again
            layers.append(publish_to_cache(self._preparer.layer(mask, fields.CANVAS), self._settings))
        background = publish_to_cache(image, self._settings)
        return gr.update(value={"background": background, "layers": layers, "composite": None})

    def annotate(
        self, mode_id: str, errors: Mapping[str, str], hints: Mapping[str, str], unused: Collection[str] = ()
    ) -> Updates:
        """The note of each of the mode's fields: its error where it has one, or else a hint, or else its help.

        The notes of `unused` fields hide them.
        """
        updates: Updates = {}
        for name, parameter in self._modes[mode_id].items():
            if name in errors:
                text = fields.note(errors[name], "k-wrong")
            elif name in unused:
                text = fields.note(parameter.help, "k-unused")
            else:
                text = fields.note(hints.get(name, parameter.help))
            updates[self._notes[name]] = text
        return updates

    def _folded(
        self, label: str, parameters: Sequence[Parameter], first: Mapping[str, Parameter]
    ) -> tuple[gr.Accordion, set[str]]:
        """A fold, and the names of the parameters in it."""
        with gr.Accordion(label, open=False) as fold, gr.Row(elem_classes="k-grid"):
            self._add(parameters, first)
        return fold, {each.name for each in parameters}

    def _add(self, parameters: Iterable[Parameter], first: Mapping[str, Parameter]) -> None:
        for parameter in parameters:
            # Removing a mask editor takes a third of a second, so once it is there, kinora.css hides it instead.
            kind = "k-cell k-mask" if parameter.widget == "mask" else "k-cell"
            with gr.Column(elem_classes=kind, min_width=120, visible=parameter.name in first) as cell:
                if parameter.widget in lists.LIST_KINDS:
                    editor = self._editors[parameter.name] = ListEditor(parameter)
                    self._fields[parameter.name] = editor.field
                else:
                    self._fields[parameter.name] = fields.component(parameter)
                if parameter.widget == "graph":
                    gr.HTML(GRAPH_FILE, js_on_load=on_load("form/graph_file.js"))
                note_id = f"{fields.field_id(parameter)}-note"
                self._notes[parameter.name] = gr.HTML(fields.note(parameter.help), elem_id=note_id)
            self._cells[parameter.name] = cell


def _fits(value: Any, parameter: Parameter) -> bool:
    return not parameter.choices or value in parameter.choices
