"""CogVideoX: text to video by core nodes. Sizes, rate and steps are those of the model's own page (5B)."""

from collections.abc import Iterator
from typing import Literal

from modes.base import Mode, PreparedFiles, Preset, param, snap
from modes.common import (
    Aspect,
    ClipParams,
    Resolution,
    clip_content,
    example,
    frames_per_second,
    guidance,
    length,
    lora_chain,
    lora_rows,
    number_of_steps,
)
from modes.lists import Lora
from workflow import Change, Patch

MAX_FRAMES = 49
"""What the model was made for; its positions in time end there."""
FAST_STEPS, STEPS = 25, 50
CFG = 6.0


class TextParams(ClipParams):
    aspect: Aspect = param("4:3", label="Aspect", help="Width to height.", widget="choice")
    resolution: Resolution = param(
        "480p", label="Resolution", help="The short side in pixels. Made for 480p.", widget="choice", demo="256p"
    )
    seconds: float | None = length(6.0, "How long the clip is: at most 6.1 s at 8 fps.", demo=1.0)
    fps: int | None = frames_per_second(8)
    preset: Literal["fast", "quality"] = param(
        "quality", label="Preset", help="Speed against quality.", widget="presets"
    )
    steps: int | None = number_of_steps("Empty: 25, with Quality 50.")
    cfg: float | None = guidance("Empty: 6.")
    loras: tuple[Lora, ...] = lora_rows()

    def frames_of(self, seconds: float) -> int:
        """8n+1, the number nearest to the length, at least 9: with others the decoder makes some frames twice."""
        return snap(seconds * self.frame_rate, 8) + 1

    @property
    def max_frames(self) -> int:
        return MAX_FRAMES

    @property
    def size_step(self) -> int:
        """8 pixels are one latent, and the model takes them in pairs."""
        return 16

    @property
    def guidance(self) -> float:
        return CFG if self.cfg is None else self.cfg


def parameterize(params: TextParams, seed: int, _: PreparedFiles) -> Iterator[Change]:
    yield from clip_content(params)
    yield Patch("noise", "noise_seed", seed)
    yield Patch("schedule", "steps", params.steps or (STEPS if params.preset == "quality" else FAST_STEPS))
    yield Patch("guider", "cfg", params.guidance)
    yield from lora_chain(params.loras, "model", "guider")


TEXT_TO_VIDEO = Mode(
    id="cogvideo",
    label="CogVideoX",
    group="CogVideoX",
    summary="A short silent clip from a description.",
    workflow=lambda _: "cogvideo",
    params=TextParams,
    presets=(
        Preset("fast", "Fast", "25 steps."),
        Preset("quality", "Quality", "50 steps."),
    ),
    phases={
        "Load models": ("model", "text_encoder", "video_vae"),
        "Read the prompt": ("positive_prompt", "negative_prompt"),
        "Sample": ("pass",),
        "Decode": ("decode_video",),
        "Write the file": ("create_video", "save_video"),
    },
    parameterize=parameterize,
    examples=(example("Garden", prompt="A garden comes to life as butterflies flutter among the blossoms"),),
)
