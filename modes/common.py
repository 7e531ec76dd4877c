"""What modes of several families share: prompts, seeds, sizes, lengths, and images at a clip's own size."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from constants import MAX_PROMPT, MAX_SEED
from media import Preparer
from modes.base import Example, OutputSpec, Params, PreparedFiles, param, snap
from modes.lists import Lora
from modes.media_info import image_info
from modes.messages import at_field
from settings import PROJECT, Settings
from workflow import Change, Insert, Patch

EXAMPLES = PROJECT / "examples"

Aspect = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
InputAspect = Literal["as the input", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
Resolution = Literal["256p", "480p", "720p", "1080p"]
Side = Literal["256", "512", "768", "1024", "1536", "2048"]
Fit = Literal["crop", "pad"]


def strength(default: float | None, label: str, help: str, most: float = 2.0) -> Any:
    """How strongly something acts: 0 without, 1 as it was made."""
    return param(default, label=label, help=help, widget="number", advanced=True, ge=0, le=most, allow_inf_nan=False)


def pixels(default: int | None, label: str, help: str) -> Any:
    return param(default, label=label, help=help, widget="number", unit="px", advanced=True, ge=128, le=4096)


def length(default: float | None, help: str, demo: float | None = None, most: float = 40) -> Any:
    """Of the clip in seconds; None where an input's own length is the default."""
    limits = {"ge": 0.2, "le": most, "allow_inf_nan": False}
    return param(default, label="Length", help=help, widget="number", unit="s", demo=demo, **limits)


def frames_per_second(default: int) -> Any:
    help = "Frames per second."
    return param(default, label="Frame rate", help=help, widget="number", unit="fps", ge=8, le=60)


def start_in(what: str) -> Any:
    """Where to begin in a sound or video, in seconds."""
    limits = {"ge": 0, "le": 36_000, "allow_inf_nan": False}
    label = f"Start in the {what}"
    return param(0.0, label=label, help="Where to begin.", widget="number", unit="s", advanced=True, **limits)


def fitting(what: str) -> Any:
    """What to do where the aspects of input and clip differ."""
    help = f"Where the aspect differs: crop the {what}, or pad it."
    return param("crop", label="Fit", help=help, widget="choice", advanced=True)


def aspect_of_input() -> Any:
    return param("as the input", label="Aspect", help="Width to height.", widget="choice")


def number_of_steps(help: str, least: int = 1) -> Any:
    return param(None, label="Steps", help=help, widget="number", advanced=True, ge=least, le=100)


def guidance(help: str) -> Any:
    """cfg; None for what the preset has."""
    limits = {"ge": 1, "le": 20, "allow_inf_nan": False}
    return param(None, label="Guidance (cfg)", help=help, widget="number", advanced=True, **limits)


def lora_rows() -> Any:
    help = "From the loras folder, in this order."
    return param((), label="LoRAs", help=help, widget="loras", max_length=8)


def a_seed() -> Any:
    return param(None, label="Seed", help="Empty: a new one each time.", widget="seed", ge=0, le=MAX_SEED)


class PromptParams(Params):
    """What is to be seen, and what is not."""

    prompt: str = param(
        "",
        label="Prompt",
        help="What is seen.",
        widget="prompt",
        min_length=1,
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = param(
        "",
        label="Negative prompt",
        help="What to keep out of it.",
        widget="prompt",
        max_length=MAX_PROMPT,
    )

    @model_validator(mode="after")
    def _prompt_says_something(self) -> Self:
        if self.prompt and not self.prompt.strip():
            raise at_field("prompt", "Prompt is empty.")
        return self


class SizedParams(PromptParams):
    """What is made from a prompt at a size. A family says which sizes its model can make."""

    aspect: Any = param("16:9", label="Aspect", help="Width to height.", widget="choice")
    resolution: Resolution = param(
        "720p", label="Resolution", help="The short side in pixels.", widget="choice", demo="256p"
    )
    width: int | None = pixels(None, "Exact width", "Instead of aspect and resolution.")
    height: int | None = pixels(None, "Exact height", "Instead of aspect and resolution.")

    @property
    def size_step(self) -> int:
        """Width and height are multiples of it."""
        raise NotImplementedError

    @property
    def guidance(self) -> float:
        """The cfg at which it begins; at 1 a negative prompt does nothing."""
        raise NotImplementedError

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Width and height of the picture whose aspect may be taken; None where there is none."""
        return None

    @property
    def ratio(self) -> Fraction:
        """Width to height."""
        if self.aspect == "as the input" and self.input_size:
            return Fraction(*self.input_size)
        horizontal, vertical = (self.aspect if ":" in self.aspect else "16:9").split(":")
        return Fraction(int(horizontal), int(vertical))

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height that aspect and resolution ask for, in pixels."""
        short = int(self.resolution.removesuffix("p"))
        return float(short * max(self.ratio, 1)), float(short / min(self.ratio, 1))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is made, in pixels."""
        width, height = self.sides
        return snap(self.width or width, self.size_step), snap(self.height or height, self.size_step)

    @property
    def notes(self) -> dict[str, str]:
        """What a person should know of a choice, by parameter."""
        notes = {}
        if self.guidance == 1:
            notes["negative_prompt"] = "No effect at guidance 1. Quality, or more guidance, makes it work."
        if self.width and self.height:
            notes["aspect"] = notes["resolution"] = "No effect: the exact width and height are given."
        return notes


class PictureParams(SizedParams):
    """Pictures: their models are made for a number of pixels, whatever the aspect."""

    aspect: Any = param("1:1", label="Aspect", help="Width to height.", widget="choice")
    resolution: Side = param(  # type: ignore[assignment]
        "1024", label="Resolution", help="As many pixels as a square of this side.", widget="choice", demo="256"
    )

    @property
    def sides(self) -> tuple[float, float]:
        side, root = int(self.resolution), float(self.ratio) ** 0.5
        return side * root, side / root


class ClipParams(SizedParams):
    """A clip with a size and a length. A family says what its model can make of them."""

    seconds: float | None = length(5.0, "How long the clip is.", demo=1.0)
    fps: int | None = frames_per_second(25)
    seed: int | None = a_seed()

    @model_validator(mode="after")
    def _length_is_possible(self) -> Self:
        if self.frames > self.max_frames:
            longest = self.max_frames / self.frame_rate
            text = f"Length must be at most {longest:.1f} s at {self.frame_rate} fps ({self.max_frames} frames)."
            raise at_field("seconds", text)
        return self

    @property
    def frame_rate(self) -> int:
        return self.fps or type(self).model_fields["fps"].default

    def frames_of(self, seconds: float) -> int:
        """What the model makes of a length."""
        raise NotImplementedError

    @property
    def frames(self) -> int:
        return self.frames_of(self.seconds or 0)

    @property
    def max_frames(self) -> int:
        raise NotImplementedError

    @property
    def has_sound(self) -> bool:
        return False

    def announce(self) -> OutputSpec:
        return OutputSpec(*self.size, self.frames, self.frame_rate, self.has_sound, self.notes)


def prompts(params: PromptParams) -> Iterator[Change]:
    """Of a template whose text encoders have the field `text`."""
    yield Patch("positive_prompt", "text", params.prompt)
    yield Patch("negative_prompt", "text", params.negative_prompt)


def clip_content(params: ClipParams, latent: str = "video_latent", divisor: int = 1) -> Iterator[Change]:
    """Prompts, size, length and frame rate. `latent` is the node with the size; there it is divided by `divisor`."""
    width, height = params.size
    yield from prompts(params)
    yield Patch(latent, "width", width // divisor)
    yield Patch(latent, "height", height // divisor)
    yield Patch(latent, "length", params.frames)
    yield Patch("create_video", "fps", params.frame_rate)


def lora_chain(loras: Iterable[Lora], before: str, after: str) -> Iterator[Change]:
    """LoRAs between the node that loads a model and the one it goes to, in their order; those that are off are not."""
    model = (before, 0)
    for number, lora in enumerate((lora for lora in loras if lora.on), start=1):
        inputs = {"lora_name": lora.file, "strength_model": lora.strength, "model": model}
        yield Insert(f"lora_{number}", "LoraLoaderModelOnly", inputs)
        model = (f"lora_{number}", 0)
    yield Patch(after, "model", model)


def sized_image(path: Path | None, settings: Settings) -> tuple[int, int] | None:
    """Width and height in pixels; None where there is no image."""
    if path is None:
        return None
    info = image_info(path, settings)
    return info.width, info.height


def prepare_image(params: Any, preparer: Preparer, *names: str) -> PreparedFiles:
    """Images at the clip's own size, cropped or padded as the form says."""
    paths = {name: getattr(params, name) for name in names}
    return {name: preparer.image(path, size=params.size, fit=params.fit) for name, path in paths.items() if path}


def example(label: str, **values: Any) -> Example:
    return Example(label, values)
