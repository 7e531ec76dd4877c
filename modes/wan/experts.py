"""Wan's 14B modes: from text, from an image, and between two images."""

from collections.abc import Iterator

from modes.bases import BetweenImages, FromImage, load_first_and_last, prepare_images
from modes.fields import Aspect, Fit, aspect_field, fitting
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.wan.common import GROUP, PHASES, PRESETS, ExpertsParams, experts
from workflow import Change, Patch

TEXT_LORAS = "t2v_lightx2v_4steps_lora_v1.1"
IMAGE_LORAS = "i2v_lightx2v_4steps_lora_v1"


class TextParams(ExpertsParams):
    aspect: Aspect = aspect_field("16:9")


class ImageParams(FromImage, ExpertsParams):
    fit: Fit = fitting("image")


class BetweenParams(BetweenImages, ExpertsParams):
    @property
    def own_guidance(self) -> float:
        return 4.0


def from_text(params: TextParams, seed: int, _: PreparedFiles) -> Iterator[Change]:
    yield from experts(params, seed, "video_latent", TEXT_LORAS)


def from_image(params: ImageParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_image", "image", prepared["image"])
    yield from experts(params, seed, "conditioning", IMAGE_LORAS)


def between_images(params: BetweenParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from load_first_and_last(prepared)
    yield from experts(params, seed, "conditioning", IMAGE_LORAS)


TEXT_TO_VIDEO = Mode(
    id="wan_t2v",
    label="Wan text to video",
    group=GROUP,
    summary="A silent clip from a description.",
    template="wan_t2v",
    params=TextParams,
    presets=PRESETS,
    phases={label: nodes for label, nodes in PHASES.items() if label != "Encode the image"},
    parameterize=from_text,
    examples=(example("Paper boats", prompt="Paper boats drift down a stream in the rain, the camera follows them"),),
)

IMAGE_TO_VIDEO = Mode(
    id="wan_i2v",
    label="Wan image to video",
    group=GROUP,
    summary="A silent clip that starts from an image.",
    template="wan_i2v",
    params=ImageParams,
    presets=PRESETS,
    phases=PHASES,
    parameterize=from_image,
    prepare_inputs=prepare_images("image"),
    examples=(
        example("Landscape", prompt="Clouds drift over the hills, the lake glitters", image=EXAMPLES / "landscape.png"),
    ),
)

FIRST_LAST_FRAME = Mode(
    id="wan_flf2v",
    label="Wan first and last frame",
    group=GROUP,
    summary="A silent clip from one image to another.",
    template="wan_flf2v",
    params=BetweenParams,
    presets=PRESETS,
    phases=PHASES,
    parameterize=between_images,
    prepare_inputs=prepare_images("first_image", "last_image"),
    examples=(
        example(
            "From day to night",
            prompt="Day turns to night over the lake",
            first_image=EXAMPLES / "landscape.png",
            last_image=EXAMPLES / "second.png",
        ),
    ),
)
