"""Long video with sound: image to video in segments that continue each other."""

from collections.abc import Iterator
from typing import Literal

from modes.bases import prepare_images
from modes.lists import Segment
from modes.ltx.common import MAX_FRAMES, sound_frames
from modes.ltx.image import FromImageParams
from modes.ltx.image import parameterize as from_image
from modes.ltx.passes import PHASES_TWO_PASSES, TWO_PASS_PRESETS
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.segments import InSegments, SegmentNodes, carried_over, in_segments, labels
from workflow import Change


class LongParams(InSegments, FromImageParams):
    overlap: Literal["1", "9"] = carried_over("1 or 9")

    @property
    def max_segment_frames(self) -> int:
        return MAX_FRAMES


def parameterize(params: LongParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    nodes = SegmentNodes(
        roots=("positive_prompt", "video_latent", "audio_latent", "resize_image", "first_noise", "second_noise"),
        image=("resize_image", "input"),
        lengths=(
            ("video_latent", "length", 0),
            ("audio_latent", "frames_number", sound_frames(0, params.frame_rate)),
        ),
        seeds=(("first_noise", "noise_seed", 0), ("second_noise", "noise_seed", 1)),
    )
    yield from from_image(params, seed, prepared)
    yield from in_segments(params, seed, nodes)


LONG_VIDEO = Mode(
    id="long",
    label="Long video",
    group="LTX-2.3",
    summary="A long clip with sound in segments: each has its own prompt and continues the one before.",
    template="i2v",
    params=LongParams,
    presets=TWO_PASS_PRESETS,
    phases={
        "Load models": PHASES_TWO_PASSES["Load models"],
        "Read the first image": ("load_image", "negative_prompt"),
        **labels(("positive_prompt", "first_pass", "upsample", "second_pass", "decode_video", "decode_audio")),
        "Write the file": ("join", *PHASES_TWO_PASSES["Write the file"]),
    },
    parameterize=parameterize,
    prepare_inputs=prepare_images("image"),
    examples=(
        example(
            "A day at the lake",
            image=EXAMPLES / "landscape.png",
            stages=(
                Segment(prompt="Morning mist lifts from the lake, birds sing"),
                Segment(prompt="Dark clouds gather, wind in the trees, thunder far away"),
                Segment(prompt="Night falls, the moon rises, crickets"),
            ),
        ),
    ),
)
