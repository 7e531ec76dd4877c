"""Image to image: another version of an image."""

from collections.abc import Iterator
from pathlib import Path

from modes.base import Mode, PreparedFiles, param
from modes.common import (
    EXAMPLES,
    Fit,
    InputAspect,
    PictureParams,
    aspect_of_input,
    example,
    fitting,
    prepare_image,
    sized_image,
)
from modes.zimage.common import GROUP, PHASES_WITH_IMAGE, PRESETS, STEP, SampledParams, how_much, sampled
from workflow import Change, Patch


class ChangeParams(SampledParams, PictureParams):
    image: Path = param(..., label="Image", help="What is changed.", widget="image")
    denoise: float = how_much(0.6)
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("image")

    @property
    def size_step(self) -> int:
        return STEP

    @property
    def input_size(self) -> tuple[int, int] | None:
        return sized_image(self.image, self.settings)


def parameterize(params: ChangeParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_image", "image", prepared["image"])
    yield Patch("repeat_latent", "amount", params.count)
    yield Patch("pass", "denoise", params.denoise)
    yield from sampled(params, seed)


IMAGE_TO_IMAGE = Mode(
    id="i2i",
    label="Image to image",
    group=GROUP,
    summary="Other versions of an image, from a description.",
    workflow=lambda _: "z_image_change",
    params=ChangeParams,
    presets=PRESETS,
    phases=PHASES_WITH_IMAGE,
    parameterize=parameterize,
    prepare_inputs=lambda params, preparer: prepare_image(params, preparer, "image"),
    examples=(
        example(
            "In winter", prompt="The same landscape in deep snow, pale winter light", image=EXAMPLES / "landscape.png"
        ),
    ),
)
