"""Image to image: a new version of an image."""

from collections.abc import Iterator
from pathlib import Path

from modes.bases import FromImage, ImageSizedParams, prepare_images
from modes.fields import Fit, fitting, image_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.zimage.common import GROUP, PHASES_WITH_IMAGE, PRESETS, STEP, SampledParams, how_much, sampled
from workflow import Change, Patch


class ChangeParams(FromImage, SampledParams, ImageSizedParams):
    image: Path = image_field("Image", "The image to change.")
    denoise: float = how_much(0.6)
    fit: Fit = fitting("image")

    @property
    def size_step(self) -> int:
        return STEP


def parameterize(params: ChangeParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_image", "image", prepared["image"])
    yield Patch("repeat_latent", "amount", params.count)
    yield Patch("pass", "denoise", params.denoise)
    yield from sampled(params, seed)


IMAGE_TO_IMAGE = Mode(
    id="i2i",
    label="Image to image",
    group=GROUP,
    summary="New versions of an image, from a description.",
    template="z_image_change",
    params=ChangeParams,
    presets=PRESETS,
    phases=PHASES_WITH_IMAGE,
    parameterize=parameterize,
    prepare_inputs=prepare_images("image"),
    examples=(
        example(
            "In winter", prompt="The same landscape in deep snow, pale winter light", image=EXAMPLES / "landscape.png"
        ),
    ),
)
