"""What all Wan 2.2 modes share: the sizes and lengths that the models can make, two experts, and LoRAs for both.

The facts come from the official templates video_wan2_2_* and from comfy_extras/nodes_wan.py of ComfyUI 0.30.0. The 14B
models make 81 frames at 16 frames per second. Half-way, the expert for low noise follows the one for high noise.
"""

from collections.abc import Iterator
from typing import Literal

from modes.bases import ClipParams
from modes.changes import clip_content
from modes.fields import (
    frames_per_second,
    guidance,
    length,
    negative_prompt_field,
    number_of_steps,
    preset_field,
    prompt_field,
    shift_field,
)
from modes.lists import LoraPair
from modes.mode import Preset
from modes.params import param
from workflow import Change, Insert, Patch

MAX_FRAMES = 161
"""Twice what the models were made for. Longer clips repeat themselves; segments serve for those."""

GROUP = "Wan 2.2"

PRESETS = (
    Preset("fast", "Fast", "4 steps with the 4-step LoRAs, guidance 1."),
    Preset("quality", "Quality", "20 steps without the LoRAs, with guidance."),
)
FAST_STEPS, STEPS = 4, 20

# The negative prompt of the official templates, translated from Chinese so that more people can read and change it.
NEGATIVE = (
    "bright tones, overexposed, static, blurred details, subtitles, style, painting, still picture, overall gray, "
    "worst quality, low quality, JPEG residue, ugly, incomplete, extra fingers, badly drawn hands, badly drawn faces, "
    "deformed, disfigured, misshapen limbs, fused fingers, messy background, three legs, a crowd, walking backwards"
)

PHASES = {
    "Load models": ("text_encoder", "video_vae", "high_model", "low_model", "high_turbo", "low_turbo"),
    "Read the prompt": ("positive_prompt", "negative_prompt"),
    "Encode the image": ("load_image", "load_first_frame", "load_last_frame", "conditioning"),
    "High noise": ("high_pass",),
    "Low noise": ("low_pass",),
    "Decode": ("decode_video",),
    "Write the file": ("create_video", "save_video"),
}


class WanParams(ClipParams):
    """Prompt, size, length, seed and guidance."""

    prompt: str = prompt_field("What should be seen, and how it and the camera move.")
    negative_prompt: str = negative_prompt_field("What should not appear in the clip.", NEGATIVE)
    seconds: float | None = length(5.0, "How long the clip should be. The model was made for 5 s.", demo=1.0, most=20)
    fps: int | None = frames_per_second(16)
    preset: Literal["fast", "quality"] = preset_field("fast")
    steps: int | None = number_of_steps("Empty: 4, or 20 with Quality.", least=2)
    cfg: float | None = guidance("Empty: 1, or the model's own with Quality. Above 1, a run takes twice as long.")
    shift: float | None = shift_field()

    def frames_of(self, seconds: float) -> int:
        """The nearest number of frames of the form 4n+1, at least 5."""
        return max(1, int(seconds * self.frame_rate / 4 + 0.5)) * 4 + 1

    @property
    def max_frames(self) -> int:
        return MAX_FRAMES

    @property
    def size_step(self) -> int:
        """One latent stands for 8 pixels, and the model takes latents in pairs."""
        return 16

    @property
    def quality(self) -> bool:
        return self.preset == "quality"

    @property
    def all_steps(self) -> int:
        return self.steps or (STEPS if self.quality else FAST_STEPS)

    @property
    def own_guidance(self) -> float:
        """The guidance scale of the mode's template."""
        return 3.5

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return self.own_guidance if self.quality else 1.0


class ExpertsParams(WanParams):
    """Parameters for the 14B models, which have one expert for high noise and one for low noise."""

    lora_pairs: tuple[LoraPair, ...] = param(
        (),
        label="LoRAs",
        help="Files from the loras folder, applied in this order, one for each expert.",
        widget="lora_pairs",
        max_length=8,
    )


def experts(params: ExpertsParams, seed: int, latent: str, kind: str) -> Iterator[Change]:
    """Content, sampling and LoRAs of a template with two experts.

    `latent` is the node with the size; `kind` is the middle part of the names of its 4-step LoRAs.
    """
    yield from clip_content(params, latent)
    half = params.all_steps // 2
    yield Patch("high_pass", "noise_seed", seed)
    for expert, first, last in (("high", 0, half), ("low", half, params.all_steps)):
        node = f"{expert}_pass"
        yield Patch(node, "steps", params.all_steps)
        yield Patch(node, "cfg", params.guidance)
        yield Patch(node, "start_at_step", first)
        yield Patch(node, "end_at_step", last)
        if params.shift is not None:
            yield Patch(f"{expert}_sampling", "shift", params.shift)
        yield from _loras(params, expert, kind)


def _loras(params: ExpertsParams, expert: str, kind: str) -> Iterator[Change]:
    """A chain between an expert and its sampling: the 4-step LoRA, then those that a person chose."""
    files = [(f"{expert}_turbo", f"wan2.2_{kind}_{expert}_noise.safetensors", 1.0)] if not params.quality else []
    for number, pair in enumerate(params.lora_pairs, start=1):
        file = pair.file if expert == "high" else pair.low
        if pair.on and file and pair.strength:
            files.append((f"{expert}_lora_{number}", file, pair.strength))
    model = (f"{expert}_model", 0)
    for node, file, weight in files:
        yield Insert(node, "LoraLoaderModelOnly", {"lora_name": file, "strength_model": weight, "model": model})
        model = (node, 0)
    yield Patch(f"{expert}_sampling", "model", model)
