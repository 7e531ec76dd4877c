"""A video made larger, with its sound."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import model_validator

from modes.enhance.common import (
    FLOAT_RGB,
    GROUP,
    MODEL_SCALE,
    PIECE_BYTES,
    Scale,
    VideoParams,
    enlarged,
    how_large,
    joined,
    not_larger_than,
    prepare_video,
    slices,
)
from modes.mode import EXAMPLES, Mode, Pieces, PreparedFiles, example
from modes.params import OutputSpec
from workflow import Change, Drop, Patch

MOST_MADE = 33.2  # megapixels per frame: 8K, 7680 by 4320


class UpscaleVideoParams(VideoParams):
    scale: Scale = how_large()

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        not_larger_than(MOST_MADE, self.size, "scale", "The result")
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in even numbers of pixels, as H.264 needs them."""
        width, height = self.video_size
        return enlarged(width, self.scale, 2), enlarged(height, self.scale, 2)

    def output_spec(self) -> OutputSpec:
        return OutputSpec(*self.size, self.info.frames, float(self.rate), self.info.audio)


def parameterize(params: UpscaleVideoParams, _seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_video", "file", prepared["video"])
    yield Drop("create_video", "audio")
    yield Patch("resize", "width", params.size[0])
    yield Patch("resize", "height", params.size[1])


def cut(params: Any) -> list[list[Change]]:
    width, height = params.video_size
    length = int(PIECE_BYTES / (width * height * MODEL_SCALE**2 * FLOAT_RGB))
    return [changes for _, changes in slices(params, max(1, length))]


UPSCALE_VIDEO = Mode(
    id="upscale_video",
    label="Upscale a video",
    group=GROUP,
    summary="Make a video larger, frame by frame. Its sound is kept.",
    template="upscale_video",
    params=UpscaleVideoParams,
    presets=(),
    phases={
        "Load the model": ("upscale_model",),
        "Enlarge": ("load_video", "piece", "frames", "upscale", "resize", "create_video", "save_video"),
    },
    parameterize=parameterize,
    prepare_inputs=prepare_video,
    pieces=Pieces(cut, joined(lambda params: params.rate)),
    examples=(example("Clip", video=EXAMPLES / "clip.mp4"),),
)
