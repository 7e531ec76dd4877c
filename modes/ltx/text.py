"""Text to video."""

from collections.abc import Iterator

from modes.base import Mode, Staged, param
from modes.common import Aspect, example
from modes.ltx.passes import STAGES_TWO_PASSES, TWO_PASS_PRESETS, TwoPassParams, new_sound, two_passes
from workflow import Change


class TextToVideoParams(TwoPassParams):
    aspect: Aspect = param("16:9", label="Aspect", help="Width to height.", widget="choice")


def parameterize(params: TextToVideoParams, seed: int, _: Staged) -> Iterator[Change]:
    yield from new_sound(params)
    yield from two_passes(params, seed)


TEXT_TO_VIDEO = Mode(
    id="t2v",
    label="Text to video",
    group="LTX-2.3",
    summary="A clip with sound from a description.",
    workflow=lambda _: "t2v",
    params=TextToVideoParams,
    presets=TWO_PASS_PRESETS,
    stages=STAGES_TWO_PASSES,
    parameterize=parameterize,
    examples=(
        example(
            "Red kite",
            prompt="A red kite over the sea at dawn, gulls calling, waves below, slow dolly in",
            camera="dolly in",
        ),
        example("Night train", prompt="A train crosses a bridge at night, lit windows, rails humming", aspect="21:9"),
    ),
)
