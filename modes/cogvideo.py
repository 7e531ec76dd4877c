"""CogVideoX: text to video with ComfyUI's own nodes. Sizes, rate and steps come from the model's page (5B)."""

from collections.abc import Iterator
from typing import Literal

from modes.bases import ClipParams
from modes.changes import clip_content, lora_chain
from modes.fields import (
    Aspect,
    Resolution,
    aspect_field,
    frames_per_second,
    guidance,
    length,
    loras_field,
    number_of_steps,
    preset_field,
)
from modes.lists import Lora
from modes.mode import Mode, PreparedFiles, Preset, example
from modes.params import param, snap
from workflow import Change, Patch

MAX_FRAMES = 49
"""The number of frames that the model was made for; it has no positions in time beyond them."""
FAST_STEPS, STEPS = 25, 50
CFG = 6.0


class TextParams(ClipParams):
    aspect: Aspect = aspect_field("4:3")
    resolution: Resolution = param(
        "480p",
        label="Resolution",
        help="Length of the short side in pixels. The model was made for 480p.",
        widget="choice",
        demo="256p",
    )
    seconds: float | None = length(6.0, "How long the clip should be: at most 6.1 s at 8 fps.", demo=1.0)
    fps: int | None = frames_per_second(8)
    preset: Literal["fast", "quality"] = preset_field("quality")
    steps: int | None = number_of_steps("Empty: 25, or 50 with Quality.")
    cfg: float | None = guidance("Empty: 6.")
    loras: tuple[Lora, ...] = loras_field()

    def frames_of(self, seconds: float) -> int:
        """The nearest number of frames of the form 8n+1, at least 9: with others the decoder repeats some frames."""
        return snap(seconds * self.frame_rate, 8) + 1

    @property
    def max_frames(self) -> int:
        return MAX_FRAMES

    @property
    def size_step(self) -> int:
        """One latent stands for 8 pixels, and the model takes latents in pairs."""
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
    template="cogvideo",
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
