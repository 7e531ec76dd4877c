"""Image to video."""

from collections.abc import Iterator
from pathlib import Path

from modes.base import Mode, PreparedFiles, param
from modes.common import (
    EXAMPLES,
    Fit,
    InputAspect,
    aspect_of_input,
    example,
    fitting,
    prepare_image,
    sized_image,
    strength,
)
from modes.ltx.passes import PHASES_TWO_PASSES, TWO_PASS_PRESETS, TwoPassParams, new_sound, two_passes
from workflow import Change, Patch

PHASES_WITH_IMAGE = {
    "Load models": PHASES_TWO_PASSES["Load models"],
    "Read the prompt": PHASES_TWO_PASSES["Read the prompt"],
    "Encode the image": ("load_image", "first_image_in_place", "second_image_in_place"),
    **PHASES_TWO_PASSES,
}


class FromImageParams(TwoPassParams):
    """A first image that the clip starts from."""

    image: Path = param(..., label="First image", help="The clip starts from it.", widget="image")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("image")
    image_strength: float | None = strength(
        None,
        "Image strength",
        "How closely it is kept. Empty: 0.7 in the first of two passes, 1 in a single one.",
        most=1,
    )

    @property
    def input_size(self) -> tuple[int, int] | None:
        return sized_image(self.image, self.settings)


def first_image(params: FromImageParams, prepared: PreparedFiles) -> Iterator[Change]:
    """The image in its place in both passes, at the clip's size."""
    width, height = params.size
    yield Patch("load_image", "image", prepared["image"])
    yield Patch("resize_image", "resize_type.width", width)
    yield Patch("resize_image", "resize_type.height", height)
    yield Patch("enlarge_image", "longer_edge", max(1536, width, height))
    strength = params.image_strength
    if strength is None:
        strength = 0.7 if params.has_second_pass else 1.0
    yield Patch("first_image_in_place", "strength", strength)


def parameterize(params: FromImageParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from first_image(params, prepared)
    yield from new_sound(params)
    yield from two_passes(params, seed)


IMAGE_TO_VIDEO = Mode(
    id="i2v",
    label="Image to video",
    group="LTX-2.3",
    summary="A clip with sound that starts from an image.",
    workflow=lambda _: "i2v",
    params=FromImageParams,
    presets=TWO_PASS_PRESETS,
    phases=PHASES_WITH_IMAGE,
    parameterize=parameterize,
    prepare_inputs=lambda params, preparer: prepare_image(params, preparer, "image"),
    examples=(
        example("Landscape", prompt="Clouds drift over the hills, wind in the grass", image=EXAMPLES / "landscape.png"),
        example("Portrait", prompt="She turns her head and smiles", image=EXAMPLES / "portrait.png"),
    ),
)
