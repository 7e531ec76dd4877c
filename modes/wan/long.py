"""Wan's long video: stages that continue each other, by the 14B image-to-video model."""

from collections.abc import Iterator
from typing import Literal

from modes.base import Mode, Staged
from modes.common import EXAMPLES, example, stage_image
from modes.rows import Stage
from modes.stages import InStages, StageNodes, carried_over, in_stages, labels
from modes.wan.common import GROUP, MAX_FRAMES, PRESETS, STAGES
from modes.wan.experts import ImageParams, from_image
from workflow import Change

NODES = StageNodes(
    roots=("positive_prompt",),
    image=("conditioning", "start_image"),
    lengths=(("conditioning", "length", 0),),
    seeds=(("high_pass", "noise_seed", 0),),
)


class LongParams(InStages, ImageParams):
    overlap: Literal["1", "5", "9"] = carried_over("1, 5 or 9")

    @property
    def max_stage_frames(self) -> int:
        return MAX_FRAMES


def parameterize(params: LongParams, seed: int, staged: Staged) -> Iterator[Change]:
    yield from from_image(params, seed, staged)
    yield from in_stages(params, seed, NODES)


LONG_VIDEO = Mode(
    id="wan_long",
    label="Wan long video",
    group=GROUP,
    summary="A long silent clip in stages: each has its own prompt and continues the one before.",
    workflow=lambda _: "wan_i2v",
    params=LongParams,
    presets=PRESETS,
    stages={
        "Load models": STAGES["Load models"],
        "Read the first image": ("load_image", "negative_prompt"),
        **labels(("positive_prompt", "conditioning", "high_pass", "low_pass", "decode_video")),
        "Write the file": ("join", *STAGES["Write the file"]),
    },
    parameterize=parameterize,
    stage_inputs=lambda params, staging: stage_image(params, staging, "image"),
    examples=(
        example(
            "From morning to night",
            image=EXAMPLES / "landscape.png",
            stages=(
                Stage(prompt="Morning mist lifts from the lake"),
                Stage(prompt="Dark clouds gather, wind in the trees"),
                Stage(prompt="Night falls, the moon rises"),
            ),
        ),
    ),
)
