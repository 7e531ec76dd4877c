"""Modes between two images: first and last frame, and a transition of style."""

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
from modes.ltx.passes import ONE_PASS_PRESETS, PHASES_ONE_PASS, OnePassParams, guided_one_pass, new_sound
from workflow import Change, Patch

PHASES = {
    "Load models": (*PHASES_ONE_PASS["Load models"], "transition_lora"),
    "Read the prompt": PHASES_ONE_PASS["Read the prompt"],
    "Encode the images": ("load_first_frame", "load_last_frame", "first_frame_guide", "last_frame_guide"),
    **{label: nodes for label, nodes in PHASES_ONE_PASS.items() if label != "Load models"},
}


class BetweenImagesParams(OnePassParams):
    first_image: Path = param(..., label="First image", help="The clip begins with it.", widget="image")
    last_image: Path = param(..., label="Last image", help="The clip ends with it.", widget="image")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("images")
    first_strength: float = strength(0.7, "First image strength", "How closely it is kept.", most=1)
    last_strength: float = strength(0.7, "Last image strength", "How closely it is kept.", most=1)

    @property
    def input_size(self) -> tuple[int, int] | None:
        return sized_image(self.first_image, self.settings)


class StyleTransitionParams(BetweenImagesParams):
    transition_strength: float = strength(1.0, "Transition strength", "Strength of the transition LoRA.")


def between_images(params: BetweenImagesParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    for which, kept in (("first", params.first_strength), ("last", params.last_strength)):
        yield Patch(f"load_{which}_frame", "image", prepared[f"{which}_image"])
        yield Patch(f"resize_{which}_frame", "resize_type.width", width)
        yield Patch(f"resize_{which}_frame", "resize_type.height", height)
        yield Patch(f"{which}_frame_guide", "strength", kept)
    yield from new_sound(params)
    yield from guided_one_pass(params, seed)


def style_transition(params: StyleTransitionParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("transition_lora", "strength_model", params.transition_strength)
    yield from between_images(params, seed, prepared)


FIRST_LAST_FRAME = Mode(
    id="flf2v",
    label="First and last frame",
    group="LTX-2.3",
    summary="A clip from one image to another.",
    workflow=lambda _: "flf2v",
    params=BetweenImagesParams,
    presets=ONE_PASS_PRESETS,
    phases=PHASES,
    parameterize=between_images,
    prepare_inputs=lambda params, preparer: prepare_image(params, preparer, "first_image", "last_image"),
    examples=(
        example(
            "From day to evening",
            prompt="The light changes from day to evening",
            first_image=EXAMPLES / "landscape.png",
            last_image=EXAMPLES / "second.png",
        ),
    ),
)

STYLE_TRANSITION = Mode(
    id="transition",
    label="Style transition",
    group="LTX-2.3",
    summary="One picture becomes another, in style as well. The word zhuanchang in the prompt calls the LoRA.",
    workflow=lambda _: "style_transition",
    params=StyleTransitionParams,
    presets=ONE_PASS_PRESETS,
    phases=PHASES,
    parameterize=style_transition,
    prepare_inputs=lambda params, preparer: prepare_image(params, preparer, "first_image", "last_image"),
    examples=(
        example(
            "Two landscapes",
            prompt="The lake by day melts into the lake by night, zhuanchang",
            first_image=EXAMPLES / "landscape.png",
            last_image=EXAMPLES / "second.png",
        ),
    ),
)
