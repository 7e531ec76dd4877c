"""Text to video."""

from collections.abc import Iterator

from modes.fields import Aspect, aspect_field
from modes.ltx.passes import PHASES_TWO_PASSES, TWO_PASS_PRESETS, TwoPassParams, new_sound, two_passes
from modes.mode import Mode, PreparedFiles, example
from workflow import Change


class TextToVideoParams(TwoPassParams):
    aspect: Aspect = aspect_field("16:9")


def parameterize(params: TextToVideoParams, seed: int, _: PreparedFiles) -> Iterator[Change]:
    yield from new_sound(params)
    yield from two_passes(params, seed)


TEXT_TO_VIDEO = Mode(
    id="t2v",
    label="Text to video",
    group="LTX-2.3",
    summary="A clip with sound from a description.",
    template="t2v",
    params=TextToVideoParams,
    presets=TWO_PASS_PRESETS,
    phases=PHASES_TWO_PASSES,
    parameterize=parameterize,
    examples=(
        example("Red ball", prompt="A red ball rolling to the left in the desert, a low hum"),
        example("Blue cube", prompt="A blue cube rises up at night, beeping", aspect="1:1"),
        example("Pyramid", prompt="A white pyramid standing still in the fog, whistling", camera="dolly in"),
    ),
)
