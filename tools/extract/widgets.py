"""What the frontend shows of a node: its widgets with their saved values, and its input slots in order.

Facts from the official frontend 1.47.12 (litegraphService.ts, widgets.ts, dynamicWidgets.ts). A node's definition is
what `/object_info` gives; a saved node carries its widgets' values as a bare list in the order of the widgets.
"""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Definition = dict[str, Any]
MISSING: Any = object()  # what JavaScript calls undefined: never written to a prompt

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"

# Each type that has a widget, and its value where the definition names none.
DEFAULTS: dict[str, Any] = {
    "INT": 0,
    "FLOAT": 0,
    "BOOLEAN": False,
    "STRING": "",
    "MARKDOWN": "",
    "TEXTAREA": "",
    "COMBO": MISSING,
    "COLOR": "#000000",
    "COLORS": [],
    "BOUNDING_BOX": {"x": 0, "y": 0, "width": 512, "height": 512},
    "BOUNDING_BOXES": [],
    "CURVE": {"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"},
    "RANGE": {"min": 0.0, "max": 1.0},
    "CHART": {},
    "GALLERIA": [],
    "PAINTER": "",
    "IMAGECOMPARE": ["", ""],
    # The browser fills these from a scene, a camera or a microphone.
    "LOAD_3D": "",
    "WEBCAM": MISSING,
    "AUDIO_RECORD": "",
    DYNAMIC_COMBO: MISSING,
}
NOT_SAVED = {"IMAGECOMPARE"}  # in the prompt, but without a place in the saved values


@dataclass
class Widget:
    """One value of a node. `type` is the definition's, `first_option` that of a combo that has any."""

    type: str
    value: Any
    dynamic_prompt: bool = False
    first_option: Any = MISSING

    @property
    def filled(self) -> Any:
        """The value, or the first option of a combo that has none."""
        empty = self.value is None or self.value is MISSING
        return self.first_option if empty and self.first_option is not MISSING else self.value


LinkId = int | tuple[str, int]
"""A link's id in the file, or ("proxy", an instance's input) for one that replaces a promoted widget's."""


@dataclass(eq=False)
class Slot:
    """One input of a node. `widget` names the widget that a link would replace, None for a bare socket.

    `promoted` is a subgraph instance's own widget for this input, None where nothing that it feeds inside has one.
    `group` names the inputs and outputs of the node that share one type, out of `allowed`.
    """

    name: str
    type: str
    link: LinkId | None = None
    widget: str | None = None
    promoted: Widget | None = None
    group: str | None = None
    allowed: str = "*"


@dataclass
class Face:
    """A node as the frontend shows it."""

    widgets: dict[str, Widget] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)


def read(definition: Definition, saved: dict[str, Any]) -> Face:
    """Lays out the node `saved` by its definition. Inputs saved beyond the definition keep their place at the end."""
    links = {entry["name"]: entry for entry in saved.get("inputs") or []}
    values = saved.get("widgets_values")
    if isinstance(values, dict):
        reader = _Reader(_Values([], values), links)
    else:
        reader = _Reader(_Values(_without_forced(definition, list(values or [])), {}), links)
    reader.read(_inputs(definition))
    if saved["type"] == "CustomCombo":
        _add_options(reader)
    known = {slot.name for slot in reader.face.slots}
    reader.face.slots += [_extra(entry) for name, entry in links.items() if name not in known]
    for slot in reader.face.slots:
        slot.link = links.get(slot.name, {}).get("link")
    return reader.face


def read_unknown(saved: dict[str, Any]) -> Face:
    """Lays out a node without a definition, by what was saved; such a node is only passed through."""
    return Face(slots=[_extra(entry) for entry in saved.get("inputs") or []])


def output_types(definition: Definition) -> list[str]:
    """Types of the outputs, "*" where the type follows from what is connected."""
    kinds = ["COMBO" if isinstance(kind, list | tuple) else str(kind) for kind in definition.get("output") or []]
    return ["*" if kind == MATCH_TYPE else kind for kind in kinds]


def _extra(entry: dict[str, Any]) -> Slot:
    return Slot(entry["name"], str(entry.get("type", "*")), entry.get("link"))


@dataclass
class _Spec:
    name: str
    type: str
    options: dict[str, Any]

    @property
    def widget_type(self) -> str | None:
        """The type of its widget, None for a link-only input."""
        kind = self.options.get("widgetType", self.type)
        return kind if kind in DEFAULTS and not self.options.get("forceInput") else None

    @property
    def default(self) -> Any:
        if self.widget_type in ("COMBO", DYNAMIC_COMBO):
            if self.options.get("multi_select"):
                return []
            return self.options.get("default") or self.first_option
        default = self.options.get("default")
        return copy.deepcopy(DEFAULTS[self.widget_type or ""] if default is None else default)

    @property
    def first_option(self) -> Any:
        options = self.options.get("options") or []
        if not options or self.widget_type not in ("COMBO", DYNAMIC_COMBO):
            return MISSING
        return options[0]["key"] if self.widget_type == DYNAMIC_COMBO else options[0]

    @property
    def unsaved_companions(self) -> int:
        """How many saved values after its own belong to widgets that never reach the prompt."""
        control = self.options.get("control_after_generate")
        kind = self.widget_type
        if kind == "INT":
            return int(bool(self.name in ("seed", "noise_seed") if control is None else control))
        if kind == "FLOAT":
            return int(bool(control))
        if kind == "COMBO":
            return 2 if control else 0  # the control and a filter
        return 4 if kind == "BOUNDING_BOX" else 0  # x, y, width, height


def _spec(name: str, spec: Any) -> _Spec:
    kind, options = spec[0], dict(spec[1]) if len(spec) > 1 and spec[1] else {}
    if isinstance(kind, list | tuple):
        return _Spec(name, "COMBO", {**options, "options": list(kind)})
    return _Spec(name, str(kind), options)


def _inputs(definition: Definition) -> list[_Spec]:
    """Required then optional inputs, each by `input_order`."""
    found = []
    for section in ("required", "optional"):
        inputs = definition.get("input", {}).get(section) or {}
        order = (definition.get("input_order") or {}).get(section) or []
        names = [name for name in order if name in inputs]
        names += [name for name in inputs if name not in names]
        found += [_spec(name, inputs[name]) for name in names]
    return found


def _without_forced(definition: Definition, values: list[Any]) -> list[Any]:
    """Old files hold a value for inputs that are link-only now; it shows in the number of values."""
    owns: list[bool] = []
    for spec in _inputs(definition):
        forced = bool(spec.options.get("forceInput"))
        if forced or spec.widget_type:
            owns += [not forced] + ([True] if spec.options.get("control_after_generate") else [])
    if len(owns) != len(values):
        return values
    return [value for value, owned in zip(values, owns, strict=True) if owned]


@dataclass
class _Values:
    """The saved values: `rest` in the order of the widgets, or `named` where a node saved them by name."""

    rest: list[Any]
    named: dict[str, Any]

    def take(self, name: str, default: Any) -> Any:
        positional = self.rest.pop(0) if self.rest else default
        return self.named.get(name, positional)

    def skip(self, count: int) -> None:
        del self.rest[:count]


class _Reader:
    def __init__(self, values: _Values, saved: dict[str, dict[str, Any]]) -> None:
        self.values = values
        self.saved = saved
        self.face = Face()

    def read(self, specs: list[_Spec]) -> None:
        """Sockets come before the inputs that have a widget."""
        for spec in specs:
            if not spec.widget_type:
                self.face.slots += self._sockets(spec)
        for spec in specs:
            if spec.widget_type:
                self._widget(spec)

    def _sockets(self, spec: _Spec) -> Iterator[Slot]:
        if spec.type == AUTOGROW:
            grown = (entry for name, entry in self.saved.items() if name.startswith(spec.name + "."))
            yield from (_extra(entry) for entry in grown)
        elif spec.type == MATCH_TYPE:
            match = spec.options.get("template") or {}
            allowed = match.get("allowed_types", "*")
            yield Slot(spec.name, allowed, group=match.get("template_id"), allowed=allowed)
        else:
            yield Slot(spec.name, spec.type)

    def _widget(self, spec: _Spec) -> None:
        kind = str(spec.widget_type)
        if kind == "LOAD_3D" and "model_file" in self.face.widgets:
            self.values.skip(3)  # buttons
        value = spec.default if kind in NOT_SAVED else self.values.take(spec.name, spec.default)
        widget = Widget(kind, value, bool(spec.options.get("dynamicPrompts")), spec.first_option)
        self.face.widgets[spec.name] = widget
        if not spec.options.get("socketless"):
            self.face.slots.append(Slot(spec.name, spec.type, widget=spec.name))
        self.values.skip(spec.unsaved_companions)
        if kind == DYNAMIC_COMBO:
            for chosen in _chosen(spec, widget.filled):
                self.read([chosen])


def _add_options(reader: _Reader) -> None:
    """CustomCombo's choice comes from options that only the frontend knows; its INDEX output is `index`."""
    reader.values.skip(1)  # the index as it was when saved
    options = [*itertools.takewhile(bool, reader.values.rest), ""]
    choice = reader.face.widgets["choice"].value
    reader.face.widgets["index"] = Widget("INT", options.index(choice) if choice in options else -1)
    for number, option in enumerate(options, 1):
        reader.face.widgets[f"option{number}"] = Widget("STRING", option)


def _chosen(spec: _Spec, value: Any) -> list[_Spec]:
    """The further inputs of a dynamic combo's chosen option, named `combo.input`."""
    for option in spec.options.get("options") or []:
        if option["key"] == value:
            sections = (option.get("inputs", {}).get(section) or {} for section in ("required", "optional"))
            return [_spec(f"{spec.name}.{name}", sub) for section in sections for name, sub in section.items()]
    return []
