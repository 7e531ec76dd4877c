"""What a mode is: one declaration from which form, command line, API, messages and docs come."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

import workflow
from errors import KinoraError
from workflow import Change, Graph

Widget = Literal["text", "prompt", "number", "choice", "switch", "seed", "presets"]


class Params(BaseModel):
    """The parameters of a mode. Frozen: what was submitted is what runs."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


def param(
    default: Any,
    *,
    label: str,
    help: str,
    widget: Widget,
    unit: str = "",
    advanced: bool = False,
    demo: Any = None,
    **limits: Any,
) -> Any:
    """A parameter's one declaration. `demo` replaces the default on demo models, `limits` are pydantic's."""
    extra = {"widget": widget, "unit": unit, "advanced": advanced, "demo": demo}
    return Field(default, title=label, description=help, json_schema_extra=extra, **limits)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as forms and command lines need it; read off the declaration."""

    name: str
    label: str
    help: str
    widget: Widget
    unit: str
    advanced: bool
    default: Any
    choices: tuple[Any, ...]
    minimum: float | None
    maximum: float | None
    optional: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to run a mode. `summary` says what it really does, in one line."""

    id: str
    label: str
    summary: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the file will really be. Width and height in pixels, `fps` in frames per second.

    `notes` say, by parameter, what a person should know of a choice: that it has no effect, for one.
    """

    width: int
    height: int
    frames: int
    fps: float
    sound: bool
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.frames / self.fps

    def text(self) -> str:
        sound = "with sound" if self.sound else "silent"
        length = f"{self.frames} frames at {self.fps:g} fps, {self.seconds:.2f} s"
        return f"{self.width} × {self.height} px, {length}, {sound}"


class InvalidParamsError(KinoraError):
    """Values that cannot be used: one sentence for each field at fault."""

    kind = "invalid"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()), "Change it and generate again.")
        self.fields = dict(fields)


@dataclass(frozen=True)
class Mode:
    """One kind of work. `parameterize` turns parameters into changes to the template `workflow`."""

    id: str
    label: str
    group: str
    summary: str
    workflow: str
    sinks: Sequence[str]
    params: type[Params]
    presets: Sequence[Preset]
    stages: Mapping[str, Sequence[str]]
    parameterize: Callable[[Any, int], Iterable[Change]]
    announce: Callable[[Any], Announcement]
    output_node: str = "save_video"

    def parameters(self, demo: bool = False) -> list[Parameter]:
        """In the order of the declaration; defaults are those for demo models where `demo` is set."""
        return [_parameter(name, info, demo) for name, info in self.params.model_fields.items()]

    def defaults(self, demo: bool = False) -> dict[str, Any]:
        return {parameter.name: parameter.default for parameter in self.parameters(demo)}

    def validate(self, values: Mapping[str, Any], demo: bool = False) -> Params:
        """The parameters from raw values (strings too); what is absent or None takes its default.

        Raises InvalidParamsError with one sentence a field.
        """
        defaults = self.defaults(demo)
        # An emptied text is meant so; an emptied number means "as by default".
        given = {
            name: value
            for name, value in values.items()
            if value is not None and (value != "" or isinstance(defaults.get(name), str))
        }
        try:
            return self.params.model_validate(defaults | given)
        except ValidationError as error:
            raise InvalidParamsError(_sentences(self.params, error.errors())) from None

    def build(self, params: Params, seed: int, output_prefix: str) -> Graph:
        """The graph that makes it. `output_prefix` is a path below the outputs folder."""
        changes = [
            *self.parameterize(params, seed),
            workflow.Patch(self.output_node, "filename_prefix", output_prefix),
        ]
        return workflow.build(workflow.load(self.workflow), changes, self.sinks)

    def example(self, preset: str) -> Graph:
        """A graph of this preset with all else at its default: tells which models it needs."""
        return self.build(self.validate({"prompt": "example", "preset": preset}), 0, "example")

    def stages_of(self, graph: Graph) -> dict[str, list[str]]:
        """The stages that this graph has, in order."""
        found = {label: [node for node in nodes if node in graph] for label, nodes in self.stages.items()}
        return {label: nodes for label, nodes in found.items() if nodes}


def _parameter(name: str, info: FieldInfo, demo: bool) -> Parameter:
    extra = info.json_schema_extra
    assert isinstance(extra, dict), f"{name} is not declared with param()"
    options = [option for option in get_args(info.annotation) if option is not type(None)]
    optional = type(None) in get_args(info.annotation)
    choices = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    if not choices and options and get_origin(options[0]) is Literal:
        choices = get_args(options[0])
    limits = {type(limit).__name__: limit for limit in info.metadata}
    return Parameter(
        name=name,
        label=info.title or name,
        help=info.description or "",
        widget=extra["widget"],  # type: ignore[arg-type]
        unit=str(extra["unit"]),
        advanced=bool(extra["advanced"]),
        default=extra["demo"] if demo and extra["demo"] is not None else info.default,
        choices=choices,
        minimum=getattr(limits.get("Ge"), "ge", None),
        maximum=getattr(limits.get("Le"), "le", None),
        optional=optional,
    )


def _sentences(params: type[Params], errors: Iterable[ErrorDetails]) -> dict[str, str]:
    """The first error of each field, said with the field's label."""
    found: dict[str, str] = {}
    for error in errors:
        loc = error["loc"] or (error.get("ctx", {}).get("field", ""),)
        name = str(loc[0])
        if name not in found:
            info = params.model_fields.get(name)
            found[name] = _sentence(info.title if info else name, info, error)
    return found


def _sentence(label: str | None, info: FieldInfo | None, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    unit = str(info.json_schema_extra.get("unit", "")) if info and isinstance(info.json_schema_extra, dict) else ""
    unit = f" {unit}" if unit else ""
    match error["type"]:
        case "greater_than_equal":
            return f"{label} must be at least {_number(context['ge'])}{unit}."
        case "greater_than":
            return f"{label} must be more than {_number(context['gt'])}{unit}."
        case "less_than_equal":
            return f"{label} must be at most {_number(context['le'])}{unit}."
        case "string_too_short" | "missing":
            return f"{label} is empty."
        case "string_too_long":
            return f"{label} is longer than {context['max_length']:,} characters."
        case "literal_error":
            return f"{label} must be one of {context['expected'].replace(chr(39), '')}."
        case "extra_forbidden":
            return f"There is no parameter named {label}."
        case "int_from_float" | "int_parsing" | "int_type" | "int_parsing_size":
            return f"{label} must be a whole number, not {_shown(error['input'])}."
        case "float_parsing" | "float_type" | "finite_number":
            return f"{label} must be a number, not {_shown(error['input'])}."
        case "bool_parsing" | "bool_type":
            return f"{label} must be on or off, not {_shown(error['input'])}."
        case "at_field":
            return error["msg"]
        case _:
            return f"{label}: {error['msg']}."


def at_field(field: str, sentence: str) -> PydanticCustomError:
    """To be raised by a validator that looks at several fields: the sentence belongs to this one."""
    return PydanticCustomError("at_field", "{sentence}", {"field": field, "sentence": sentence})


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _shown(value: Any) -> str:
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def snap(value: float, step: int) -> int:
    """The nearest multiple of `step`, at least one step; halves go up."""
    return max(step, math.floor(value / step + 0.5) * step)
