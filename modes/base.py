"""What a mode is: one declaration from which form, command line, API, messages and docs come."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator
from pydantic.fields import FieldInfo

import workflow
from errors import KinoraError
from media import Preparer
from modes import lists
from modes.media_info import MEDIA, probe
from modes.messages import InvalidParamsError, at_field, declared, sentences
from settings import Settings
from workflow import Change, Graph

Widget = Literal[
    "prompt",
    "graph",
    "number",
    "choice",
    "switch",
    "seed",
    "presets",
    "image",
    "audio",
    "video",
    "mask",
    "loras",
    "lora_pairs",
    "stages",
]
PreparedFiles = Mapping[str, str]  # parameter -> name of its prepared file in the inputs folder


class Params(BaseModel):
    """The parameters of a mode. Frozen: what was submitted is what runs. Media are paths of files that were probed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    _settings: Settings | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        """Takes the app's settings out of the context of the validation; pydantic calls it before the validators."""
        self._settings = context

    @property
    def settings(self) -> Settings:
        """The settings whose limits the files of these parameters keep."""
        assert self._settings is not None, "parameters are made by Mode.validate, which passes the app's settings"
        return self._settings

    def announce(self) -> "OutputSpec":
        """What the file will be."""
        raise NotImplementedError

    @property
    def variant(self) -> str:
        """What tells, besides mode and size, how long a run takes: the preset, where there is one."""
        return getattr(self, "preset", "")

    @model_validator(mode="after")
    def _media_can_be_read(self) -> Self:
        for name, info in type(self).model_fields.items():
            widget, path = declared(info)["widget"], getattr(self, name)
            if widget in MEDIA and path is not None:
                try:
                    probe(widget, path, self.settings)
                except KinoraError as error:
                    raise at_field(name, f"{info.title}: {error.message}") from None
        return self


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
    minimum: float | None  # of a list, how many rows
    maximum: float | None
    optional: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to run a mode. `summary` says what it really does, in one line."""

    id: str
    label: str
    summary: str


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the file will really be. Width and height in pixels, `fps` in frames per second.

    Without `fps` the result is images, each a file, and `frames` is their number. Width, height and frames are None
    where only the run itself will tell.
    `notes` say, by parameter, what a person should know of a choice: that it has no effect, for one.
    """

    width: int | None
    height: int | None
    frames: int | None
    fps: float | None = None
    sound: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        return self.frames / self.fps if self.fps and self.frames else None

    @property
    def pixels(self) -> int:
        """Of all frames together; 0 where that is not known."""
        return (self.width or 0) * (self.height or 0) * (self.frames or 0)

    def text(self) -> str:
        if not self.pixels:
            return "As the graph says"
        if not self.fps:
            images = "1 image" if self.frames == 1 else f"{self.frames} images"
            return f"{images}, {self.width} × {self.height} px"
        sound = "with sound" if self.sound else "silent"
        length = f"{self.frames} frames at {self.fps:g} fps, {self.seconds:.2f} s"
        return f"{self.width} × {self.height} px, {length}, {sound}"


@dataclass(frozen=True, slots=True)
class Example:
    """Values that fill a form with one click; media are files of the project."""

    label: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Work on a long video, piece by piece, so that memory does not grow with its length.

    The first of the mode's phases is for what all pieces share; what the nodes of the others make is not kept. `cuts`
    has the changes that make the mode's graph one for each piece. `join` writes the result from what the pieces became:
    (parameters, prepared inputs by name, files in order, target, whether to stop).
    """

    cuts: Callable[[Any], Sequence[Sequence[Change]]]
    join: Callable[[Any, Mapping[str, Path], Sequence[Path], Path, Callable[[], bool]], None]


@dataclass(frozen=True)
class Mode:
    """One kind of work. `parameterize` turns parameters into changes to `workflow`, a template's name or a graph."""

    id: str
    label: str
    group: str
    summary: str
    workflow: Callable[[Any], str | Graph]
    params: type[Params]
    presets: Sequence[Preset]
    phases: Mapping[str, Sequence[str]]
    parameterize: Callable[[Any, int, PreparedFiles], Iterable[Change]]
    prepare_inputs: Callable[[Any, Preparer], PreparedFiles] = lambda _params, _staging: {}
    examples: Sequence[Example] = ()
    pieces: Pieces | None = None
    # The parameters that a form need not show: raw values say that there is no place for them.
    unused: Callable[[Mapping[str, Any]], Collection[str]] = lambda _values: ()

    def parameters(self, demo: bool = False) -> list[Parameter]:
        """In the order of the declaration; defaults are those for demo models where `demo` is set."""
        return [_parameter(name, info, demo) for name, info in self.params.model_fields.items()]

    def defaults(self, demo: bool = False) -> dict[str, Any]:
        return {parameter.name: parameter.default for parameter in self.parameters(demo)}

    def validate(self, values: Mapping[str, Any], settings: Settings) -> Params:
        """The parameters from raw values (strings too); what is absent or None takes its default.

        `settings` are those of the app: their limits hold for the files, and they say which defaults hold (those for
        demo models or the others). Raises InvalidParamsError with one sentence a field.
        """
        defaults = {name: value for name, value in self.defaults(settings.use_demo).items() if value is not None}
        # An emptied text is meant so; an emptied number means "as by default".
        given = {
            name: value
            for name, value in values.items()
            if value is not None and (value != "" or isinstance(defaults.get(name), str))
        }
        try:
            return self.params.model_validate(defaults | given, context=settings)
        except ValidationError as error:
            raise InvalidParamsError(sentences(self.params, error.errors())) from None

    def build(self, params: Params, seed: int, prepared: PreparedFiles, output_prefix: str) -> Graph:
        """The graph that makes it. `output_prefix` is a path below the outputs folder."""
        start = self.workflow(params)
        graph = workflow.load(start) if isinstance(start, str) else start
        graph = workflow.build(graph, self.parameterize(params, seed, prepared))
        workflow.save_to(graph, output_prefix)
        return graph

    def sketch(self, params: Params) -> Graph:
        """The graph without its inputs prepared: tells which models it needs, and what a control changes."""
        media = [each.name for each in self.parameters() if each.widget in MEDIA]
        return self.build(params, 0, {name: f"{name}-{getattr(params, name)}" for name in media}, "sketch")

    def phases_of(self, graph: Graph) -> dict[str, list[str]]:
        """The phases that this graph has, in order."""
        found = {label: [node for node in nodes if node in graph] for label, nodes in self.phases.items()}
        return {label: nodes for label, nodes in found.items() if nodes}


def _parameter(name: str, info: FieldInfo, demo: bool) -> Parameter:
    extra = declared(info)
    options = [option for option in get_args(info.annotation) if option is not type(None)]
    optional = type(None) in get_args(info.annotation)
    choices = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    if not choices and options and get_origin(options[0]) is Literal:
        choices = get_args(options[0])
    limits = {type(limit).__name__: limit for limit in info.metadata}
    least, most = ("MinLen", "min_length"), ("MaxLen", "max_length")
    if extra["widget"] not in lists.KINDS:
        least, most = ("Ge", "ge"), ("Le", "le")
    return Parameter(
        name=name,
        label=info.title or name,
        help=info.description or "",
        widget=extra["widget"],  # type: ignore[arg-type]
        unit=str(extra["unit"]),
        advanced=bool(extra["advanced"]),
        default=None if info.is_required() else extra["demo"] if demo and extra["demo"] is not None else info.default,
        choices=choices,
        minimum=getattr(limits.get(least[0]), least[1], None),
        maximum=getattr(limits.get(most[0]), most[1], None),
        optional=optional,
    )


def snap(value: float, step: int) -> int:
    """The nearest multiple of `step`, at least one step; halves go up."""
    return max(step, math.floor(value / step + 0.5) * step)
