"""More frames per second: new frames are made between those of the video, and its sound is kept."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal, Self

from pydantic import model_validator

from modes.enhance.common import FLOAT_RGB, GROUP, PIECE_BYTES, VideoParams, joined, prepare_video, slices
from modes.messages import at_field
from modes.mode import EXAMPLES, Mode, Pieces, PreparedFiles, example
from modes.params import OutputSpec, param
from workflow import Change, Drop, Patch

MOST = 16
"""The largest factor of FrameInterpolate."""


class InterpolateParams(VideoParams):
    factor: Literal["2x", "4x", "frame rate"] = param(
        "2x",
        label="More frames",
        help="Twice or four times as many frames, or as many as the frame rate below needs.",
        widget="choice",
    )
    fps: int = param(60, label="Frame rate", help="The frame rate to reach.", widget="number", unit="fps", ge=1, le=240)

    @model_validator(mode="after")
    def _more_than_before(self) -> Self:
        if self.factor != "frame rate":
            return self
        if self.fps <= self.rate:
            has = f"{float(self.rate):.4g}"
            raise at_field("fps", f"The video already has {has} fps; the frame rate must be higher.")
        if self.times > MOST:
            most = math.floor(self.rate * MOST)
            raise at_field("fps", f"The frame rate can be raised at most {MOST} times: here to {most} fps.")
        return self

    @property
    def times(self) -> int:
        """The factor by which frames are made."""
        return math.ceil(self.fps / self.rate) if self.factor == "frame rate" else int(self.factor[0])

    @property
    def new_rate(self) -> Fraction:
        return Fraction(self.fps) if self.factor == "frame rate" else self.rate * self.times

    @property
    def every(self) -> Fraction:
        """The distance between two kept frames, counted in generated frames; it need not be a whole number."""
        return self.rate * self.times / self.new_rate

    def output_spec(self) -> OutputSpec:
        made = (self.info.frames - 1) * self.times + 1
        taken = _taken(made, self.every)
        notes = {} if self.factor == "frame rate" else {"fps": f"This has no effect, because {self.factor} is chosen."}
        return OutputSpec(*self.video_size, taken, float(self.new_rate), self.info.audio, notes)


def _taken(made: int, every: Fraction) -> int:
    """How many frames `media.join` takes: those whose numbers are nearest to the multiples of `every`."""
    count = math.floor((made - 1) / every) + 1
    return count + 1 if round(count * every) < made else count


def parameterize(params: InterpolateParams, _seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_video", "file", prepared["video"])
    yield Drop("create_video", "audio")
    yield Patch("interpolate", "multiplier", params.times)


def cut(params: Any) -> list[list[Change]]:
    """Each piece begins with the last frame of the piece before, which is not written a second time."""
    width, height = params.video_size
    length = max(2, int(PIECE_BYTES / (width * height * params.times * FLOAT_RGB)))
    pieces = list(slices(params, length, shared=1))
    last = len(pieces) - 1
    return [
        [*changes, Patch("new_frames", "length", (count - 1) * params.times + (number == last))]
        for number, (count, changes) in enumerate(pieces)
    ]


INTERPOLATE = Mode(
    id="interpolate",
    label="More frames",
    group=GROUP,
    summary="Make a video smoother by adding frames in between. Its sound is kept.",
    template="interpolate",
    params=InterpolateParams,
    presets=(),
    phases={
        "Load the model": ("interpolation_model",),
        "Make frames": ("load_video", "piece", "frames", "interpolate", "new_frames", "create_video", "save_video"),
    },
    parameterize=parameterize,
    prepare_inputs=prepare_video,
    pieces=Pieces(cut, joined(lambda params: params.new_rate, lambda params: params.every)),
    examples=(example("Clip", video=EXAMPLES / "clip.mp4"),),
)
