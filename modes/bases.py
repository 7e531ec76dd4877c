"""Parameters that modes of several families share, as classes to inherit from: prompts, sizes, clips, input images."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from media import Preparer
from modes.fields import (
    Fit,
    InputAspect,
    Resolution,
    Side,
    aspect_field,
    aspect_of_input,
    fitting,
    frames_per_second,
    image_field,
    length,
    negative_prompt_field,
    pixels,
    prompt_field,
    seed_field,
)
from modes.media_info import image_info
from modes.messages import at_field
from modes.mode import PreparedFiles, PrepareInputs
from modes.params import OutputSpec, Params, param, snap
from workflow import Change, Patch


class PromptParams(Params):
    """A prompt and a negative prompt."""

    prompt: str = prompt_field("What the result should show.")
    negative_prompt: str = negative_prompt_field("What should not appear.")

    @model_validator(mode="after")
    def _prompt_is_not_blank(self) -> Self:
        if self.prompt and not self.prompt.strip():
            raise at_field("prompt", "Prompt is empty.")
        return self


class SizedParams(PromptParams):
    """Parameters of a result that is made from a prompt at a size. A family declares which sizes its model can make."""

    aspect: Any = aspect_field("16:9")
    resolution: Any = param(
        "720p", label="Resolution", help="Length of the short side in pixels.", widget="choice", demo="256p"
    )
    width: int | None = pixels(None, "Exact width", "Replaces aspect and resolution.")
    height: int | None = pixels(None, "Exact height", "Replaces aspect and resolution.")

    @property
    def size_step(self) -> int:
        """The number of pixels that width and height are multiples of."""
        raise NotImplementedError

    @property
    def guidance(self) -> float:
        """The guidance scale of the first pass. At 1 a negative prompt has no effect."""
        raise NotImplementedError

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Width and height of the input whose aspect may be taken; None where there is none."""
        return None

    @property
    def ratio(self) -> Fraction:
        """Width divided by height."""
        if self.aspect == "as the input" and self.input_size:
            return Fraction(*self.input_size)
        horizontal, vertical = (self.aspect if ":" in self.aspect else "16:9").split(":")
        return Fraction(int(horizontal), int(vertical))

    @property
    def sides(self) -> tuple[float, float]:
        """Width and height in pixels that aspect and resolution ask for."""
        short = int(self.resolution.removesuffix("p"))
        return float(short * max(self.ratio, 1)), float(short / min(self.ratio, 1))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result in pixels."""
        width, height = self.sides
        return snap(self.width or width, self.size_step), snap(self.height or height, self.size_step)

    @property
    def notes(self) -> dict[str, str]:
        """What a person should know of a choice, by parameter."""
        notes = {}
        if self.guidance == 1:
            notes["negative_prompt"] = NO_GUIDANCE
        if self.width and self.height:
            notes["aspect"] = notes["resolution"] = "This has no effect, because an exact width and height are set."
        return notes


NO_GUIDANCE = "This has no effect at guidance 1. Choose Quality, or raise the guidance."


class ImageSizedParams(SizedParams):
    """Images: their models are made for a number of pixels, whatever the aspect."""

    aspect: Any = aspect_field("1:1")
    resolution: Side = param(
        "1024",
        label="Resolution",
        help="The result has as many pixels as a square with this side.",
        widget="choice",
        demo="256",
    )

    @property
    def sides(self) -> tuple[float, float]:
        side, root = int(self.resolution), float(self.ratio) ** 0.5
        return side * root, side / root


class ClipParams(SizedParams):
    """A clip with a size and a length. A family declares which lengths its model can make."""

    resolution: Resolution = param(
        "720p", label="Resolution", help="Length of the short side in pixels.", widget="choice", demo="256p"
    )
    seconds: float | None = length(5.0, "How long the clip should be.", demo=1.0)
    fps: int | None = frames_per_second(25)
    seed: int | None = seed_field()

    @model_validator(mode="after")
    def _length_is_possible(self) -> Self:
        if self.frames > self.max_frames:
            longest = self.max_frames / self.frame_rate
            text = f"Length must be at most {longest:.1f} s at {self.frame_rate} fps ({self.max_frames} frames)."
            raise at_field("seconds", text)
        return self

    @property
    def frame_rate(self) -> int:
        """Frames per second."""
        return self.fps or type(self).model_fields["fps"].default

    def frames_of(self, seconds: float) -> int:
        """The number of frames that the model makes for a length."""
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

    def output_spec(self) -> OutputSpec:
        return OutputSpec(*self.size, self.frames, self.frame_rate, self.has_sound, self.notes)


if TYPE_CHECKING:
    ClipMixin = ClipParams
else:
    # The fields that a mixin inherits would replace those of the family that it is mixed into.
    ClipMixin = Params
"""What a class inherits from that is mixed into a family's `ClipParams`."""


class FromImage(Params):
    """Adds an image to sized parameters: the result starts from it, and may have its aspect."""

    image: Path = image_field("First image", "The clip starts from this image.")
    aspect: InputAspect = aspect_of_input()

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Width and height in pixels; None where there is no image."""
        if self.image is None:
            return None
        info = image_info(self.image, self.settings)
        return info.width, info.height


class BetweenImages(Params):
    """Adds two images to sized parameters: the clip starts with one and ends with the other."""

    first_image: Path = image_field("First image", "The clip starts with this image.")
    last_image: Path = image_field("Last image", "The clip ends with this image.")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("images")

    @property
    def input_size(self) -> tuple[int, int] | None:
        info = image_info(self.first_image, self.settings)
        return info.width, info.height


def prepare_images(*names: str) -> PrepareInputs:
    """Prepares these parameters' images at the size of the result, cropped or padded as `fit` has it."""

    def prepare(params: Any, preparer: Preparer, /) -> PreparedFiles:
        paths = {name: getattr(params, name) for name in names}
        return {name: preparer.image(path, size=params.size, fit=params.fit) for name, path in paths.items() if path}

    return prepare


def load_first_and_last(prepared: PreparedFiles) -> Iterator[Change]:
    """Puts the images of `BetweenImages` into a template's loaders."""
    for which in ("first", "last"):
        yield Patch(f"load_{which}_frame", "image", prepared[f"{which}_image"])
