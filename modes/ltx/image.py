"""Image to video."""

from collections.abc import Iterator

from modes.bases import FromImage, prepare_images
from modes.fields import Fit, fitting, strength
from modes.ltx.passes import PHASES_TWO_PASSES, TWO_PASS_PRESETS, TwoPassParams, new_sound, two_passes
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from workflow import Change, Patch

PHASES_WITH_IMAGE = {
    "Load models": PHASES_TWO_PASSES["Load models"],
    "Read the prompt": PHASES_TWO_PASSES["Read the prompt"],
    "Encode the image": ("load_image", "first_image_in_place", "second_image_in_place"),
    **PHASES_TWO_PASSES,
}


class FromImageParams(FromImage, TwoPassParams):
    fit: Fit = fitting("image")
    image_strength: float | None = strength(
        None,
        "Image strength",
        "How closely the clip keeps to it. Empty: 0.7 in the first of two passes, 1 in a single pass.",
        most=1,
    )


def first_image(params: FromImageParams, prepared: PreparedFiles) -> Iterator[Change]:
    """Puts the image, at the clip's size, into both passes."""
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
    template="i2v",
    params=FromImageParams,
    presets=TWO_PASS_PRESETS,
    phases=PHASES_WITH_IMAGE,
    parameterize=parameterize,
    prepare_inputs=prepare_images("image"),
    examples=(
        example("Landscape", prompt="Clouds drift over the hills, wind in the grass", image=EXAMPLES / "landscape.png"),
        example("Portrait", prompt="She turns her head and smiles", image=EXAMPLES / "portrait.png"),
    ),
)
