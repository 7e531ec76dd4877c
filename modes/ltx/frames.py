"""Modes that go from one image to another: first and last frame, and style transition."""

from collections.abc import Iterator

from modes.bases import BetweenImages, load_first_and_last, prepare_images
from modes.fields import strength
from modes.ltx.passes import ONE_PASS_PRESETS, PHASES_ONE_PASS, OnePassParams, guided_one_pass, new_sound
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from workflow import Change, Patch

PHASES = {
    "Load models": (*PHASES_ONE_PASS["Load models"], "transition_lora"),
    "Read the prompt": PHASES_ONE_PASS["Read the prompt"],
    "Encode the images": ("load_first_frame", "load_last_frame", "first_frame_guide", "last_frame_guide"),
    **{label: nodes for label, nodes in PHASES_ONE_PASS.items() if label != "Load models"},
}


class BetweenImagesParams(BetweenImages, OnePassParams):
    first_strength: float = strength(0.7, "First image strength", "How closely the clip keeps to it.", most=1)
    last_strength: float = strength(0.7, "Last image strength", "How closely the clip keeps to it.", most=1)


class StyleTransitionParams(BetweenImagesParams):
    transition_strength: float = strength(1.0, "Transition strength", "Strength of the transition LoRA.")


def between_images(params: BetweenImagesParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield from load_first_and_last(prepared)
    for which, kept in (("first", params.first_strength), ("last", params.last_strength)):
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
    template="flf2v",
    params=BetweenImagesParams,
    presets=ONE_PASS_PRESETS,
    phases=PHASES,
    parameterize=between_images,
    prepare_inputs=prepare_images("first_image", "last_image"),
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
    summary="One image becomes another, in content and style. The word zhuanchang in the prompt triggers the LoRA.",
    template="style_transition",
    params=StyleTransitionParams,
    presets=ONE_PASS_PRESETS,
    phases=PHASES,
    parameterize=style_transition,
    prepare_inputs=prepare_images("first_image", "last_image"),
    examples=(
        example(
            "Two landscapes",
            prompt="The lake by day melts into the lake by night, zhuanchang",
            first_image=EXAMPLES / "landscape.png",
            last_image=EXAMPLES / "second.png",
        ),
    ),
)
