"""What a mode's parameters are: a pydantic model whose fields carry label, help, unit, limits and widget."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic.fields import FieldInfo

from errors import KinoraError
from modes import lists
from modes.media_info import MEDIA, probe
from modes.messages import at_field, declared
from settings import Settings

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


class Params(BaseModel):
    """The parameters of a mode. They are frozen: what was submitted is what runs.

    Only `Mode.validate` makes them, because their files are checked against the app's settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)

    _settings: Settings | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any) -> None:
        """Takes the app's settings out of the validation's context; pydantic calls it before the validators."""
        self._settings = context

    @property
    def settings(self) -> Settings:
        """The app's settings, whose limits hold for the files."""
        assert self._settings is not None, "parameters are made by Mode.validate, which passes the app's settings"
        return self._settings

    def media(self) -> dict[str, Any]:
        """The paths of the media files that these values name, by parameter."""
        paths = {name: getattr(self, name) for name in type(self).model_fields if self._widget(name) in MEDIA}
        return {name: path for name, path in paths.items() if path is not None}

    def output_spec(self) -> "OutputSpec":
        """What the file will be."""
        raise NotImplementedError

    @property
    def variant(self) -> str:
        """What decides, besides mode and size, how long a run takes: the preset, where there is one."""
        return getattr(self, "preset", "")

    @model_validator(mode="after")
    def _media_can_be_read(self) -> Self:
        for name, path in self.media().items():
            try:
                probe(self._widget(name), path, self.settings)
            except KinoraError as error:
                raise at_field(name, f"{type(self).model_fields[name].title}: {error.message}") from None
        return self

    @classmethod
    def _widget(cls, name: str) -> Widget:
        return declared(cls.model_fields[name])["widget"]


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
    """The one declaration of a parameter: a field of a `Params` class.

    `demo` replaces the default on demo models, `advanced` folds the field away, `limits` are pydantic's (`ge`, `le`,
    `min_length`, …).
    """
    extra = {"widget": widget, "unit": unit, "advanced": advanced, "demo": demo}
    return Field(default, title=label, description=help, json_schema_extra=extra, **limits)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as forms and command lines need it, read off its declaration.

    `minimum` and `maximum` are those of the value, or of the number of items where the parameter is a list.
    """

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

    @classmethod
    def of(cls, name: str, info: FieldInfo, demo: bool) -> "Parameter":
        """The parameter that a field declares; with `demo`, its default is the one for demo models."""
        extra = declared(info)
        limits = {type(limit).__name__: limit for limit in info.metadata}
        least, most = ("MinLen", "min_length"), ("MaxLen", "max_length")
        if extra["widget"] not in lists.LIST_KINDS:
            least, most = ("Ge", "ge"), ("Le", "le")
        default = extra["demo"] if demo and extra["demo"] is not None else info.default
        return cls(
            name=name,
            label=info.title or name,
            help=info.description or "",
            widget=extra["widget"],
            unit=extra["unit"],
            advanced=extra["advanced"],
            default=None if info.is_required() else default,
            choices=_choices(info.annotation),
            minimum=getattr(limits.get(least[0]), least[1], None),
            maximum=getattr(limits.get(most[0]), most[1], None),
            optional=type(None) in get_args(info.annotation),
        )


def _choices(annotation: Any) -> tuple[Any, ...]:
    """The values of `Literal[…]` or of `Literal[…] | None`; none for another type."""
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is Literal:
            return get_args(each)
    return ()


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the file will be: width and height in pixels, `fps` in frames per second.

    Without `fps` the result is images, each in a file of its own, and `frames` is their number. Width, height and
    frames are None where only the run itself decides. `notes` say, by parameter, what a person should know of a
    choice: for example, that it has no effect.
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
        """The pixels of all frames together; 0 where that is not known."""
        return (self.width or 0) * (self.height or 0) * (self.frames or 0)

    def text(self) -> str:
        """The specification in one line, for people."""
        if not self.pixels:
            return "Decided by the graph"
        if not self.fps:
            images = "1 image" if self.frames == 1 else f"{self.frames} images"
            return f"{images}, {self.width} × {self.height} px"
        sound = "with sound" if self.sound else "silent"
        length = f"{self.frames} frames at {self.fps:g} fps, {self.seconds:.2f} s"
        return f"{self.width} × {self.height} px, {length}, {sound}"


def snap(value: float, step: int) -> int:
    """The multiple of `step` nearest to `value`, at least one step; halves are rounded up."""
    return max(step, math.floor(value / step + 0.5) * step)
