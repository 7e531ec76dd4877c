"""Wan's long video: segments that continue each other, by the 14B image-to-video model."""

from collections.abc import Iterator
from typing import Literal

from modes.bases import prepare_images
from modes.lists import Segment
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.segments import InSegments, SegmentNodes, carried_over, in_segments, labels
from modes.wan.common import GROUP, MAX_FRAMES, PHASES, PRESETS
from modes.wan.experts import ImageParams, from_image
from workflow import Change

NODES = SegmentNodes(
    roots=("positive_prompt",),
    image=("conditioning", "start_image"),
    lengths=(("conditioning", "length", 0),),
    seeds=(("high_pass", "noise_seed", 0),),
)


class LongParams(InSegments, ImageParams):
    overlap: Literal["1", "5", "9"] = carried_over("1, 5 or 9")

    @property
    def max_segment_frames(self) -> int:
        return MAX_FRAMES


def parameterize(params: LongParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from from_image(params, seed, prepared)
    yield from in_segments(params, seed, NODES)


LONG_VIDEO = Mode(
    id="wan_long",
    label="Wan long video",
    group=GROUP,
    summary="A long silent clip in segments: each has its own prompt and continues the one before.",
    template="wan_i2v",
    params=LongParams,
    presets=PRESETS,
    phases={
        "Load models": PHASES["Load models"],
        "Read the first image": ("load_image", "negative_prompt"),
        **labels(("positive_prompt", "conditioning", "high_pass", "low_pass", "decode_video")),
        "Write the file": ("join", *PHASES["Write the file"]),
    },
    parameterize=parameterize,
    prepare_inputs=prepare_images("image"),
    examples=(
        example(
            "From morning to night",
            image=EXAMPLES / "landscape.png",
            stages=(
                Segment(prompt="Morning mist lifts from the lake"),
                Segment(prompt="Dark clouds gather, wind in the trees"),
                Segment(prompt="Night falls, the moon rises"),
            ),
        ),
    ),
)
