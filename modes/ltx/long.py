"""Long video with sound: image to video in stages that continue each other."""

from collections.abc import Iterator

from modes.base import Mode, Staged
from modes.common import EXAMPLES, example, stage_image
from modes.ltx.common import MAX_FRAMES, sound_frames
from modes.ltx.image import FromImageParams
from modes.ltx.image import parameterize as from_image
from modes.ltx.passes import STAGES_TWO_PASSES, TWO_PASS_PRESETS
from modes.rows import Stage
from modes.stages import InStages, StageNodes, in_stages, labels
from workflow import Change


class LongParams(InStages, FromImageParams):
    @property
    def max_stage_frames(self) -> int:
        return MAX_FRAMES


def parameterize(params: LongParams, seed: int, staged: Staged) -> Iterator[Change]:
    nodes = StageNodes(
        roots=("positive_prompt", "video_latent", "audio_latent", "resize_image", "first_noise", "second_noise"),
        image=("resize_image", "input"),
        lengths=(
            ("video_latent", "length", 0),
            ("audio_latent", "frames_number", sound_frames(0, params.frame_rate)),
        ),
        seeds=(("first_noise", "noise_seed", 0), ("second_noise", "noise_seed", 1)),
    )
    yield from from_image(params, seed, staged)
    yield from in_stages(params, seed, nodes)


LONG_VIDEO = Mode(
    id="long",
    label="Long video",
    group="LTX-2.3",
    summary="A long clip with sound in stages: each has its own prompt and continues the one before.",
    workflow=lambda _: "i2v",
    params=LongParams,
    presets=TWO_PASS_PRESETS,
    stages={
        "Load models": STAGES_TWO_PASSES["Load models"],
        "Read the first image": ("load_image", "negative_prompt"),
        **labels(("positive_prompt", "first_pass", "upsample", "second_pass", "decode_video", "decode_audio")),
        "Write the file": ("join", *STAGES_TWO_PASSES["Write the file"]),
    },
    parameterize=parameterize,
    stage_inputs=lambda params, staging: stage_image(params, staging, "image"),
    examples=(
        example(
            "A day at the lake",
            image=EXAMPLES / "landscape.png",
            stages=(
                Stage(prompt="Morning mist lifts from the lake, birds sing"),
                Stage(prompt="Dark clouds gather, wind in the trees, thunder far away"),
                Stage(prompt="Night falls, the moon rises, crickets"),
            ),
        ),
    ),
)
