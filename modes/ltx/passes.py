"""Two ways of sampling with LTX-2.3: two passes (at half size, then refined), or one pass at full size."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from constants import MAX_SEED
from modes.changes import clip_content
from modes.fields import guidance, number_of_steps, preset_field
from modes.ltx.common import LtxParams, sound_frames
from modes.ltx.loras import insert_loras
from modes.mode import Preset
from modes.params import param
from workflow import Change, Drop, Insert, Patch, Relink

DEV_CHECKPOINT = "ltx-2.3-22b-dev-fp8.safetensors"
DISTILLED_CHECKPOINT = "ltx-2.3-22b-distilled-fp8.safetensors"
CHECKPOINT_NODES = ("checkpoint", "audio_vae", "text_encoder")

FIRST_SIGMAS = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0)  # 8 steps, distilled
QUALITY_SECOND_SIGMAS = (0.909375, 0.725, 0.421875, 0.0)
QUALITY_STEPS = 20
QUALITY_CFG = 4.0

PHASES_TWO_PASSES = {
    "Load models": ("checkpoint", "text_encoder", "audio_vae", "upscale_model", "distilled_lora"),
    "Read the prompt": ("positive_prompt", "negative_prompt"),
    "First pass": ("first_pass",),
    "Enlarge": ("upsample",),
    "Second pass": ("second_pass",),
    "Decode": ("decode_video", "decode_audio"),
    "Write the file": ("create_video", "save_video"),
}
TWO_PASS_PRESETS = (
    Preset("fast", "Fast", "Distilled model, one pass at full size, 8 steps."),
    Preset("balanced", "Balanced", "Two passes: 8 steps at half size, enlarged, then 3 at full size."),
    Preset("quality", "Quality", "Full model with guidance 4: 20 steps at half size, enlarged, then 3 at full size."),
)
PHASES_ONE_PASS = {
    "Load models": ("checkpoint", "text_encoder", "audio_vae"),
    "Read the prompt": ("positive_prompt", "negative_prompt"),
    "Sample": ("first_pass",),
    "Decode": ("decode_video", "decode_audio"),
    "Write the file": ("create_video", "save_video"),
}
ONE_PASS_PRESETS = (
    Preset("fast", "Fast", "Distilled model, 8 steps."),
    Preset("quality", "Quality", "Full model with guidance 4, 20 steps. Takes at least five times as long."),
)


class SampledParams(LtxParams):
    """What both ways of sampling have."""

    sound: bool = param(True, label="Sound", help="Include sound in the file.", widget="switch")
    steps: int | None = number_of_steps("Empty: 8, or 20 with Quality.")
    cfg: float | None = guidance(
        "How strictly the prompt is followed. Empty: 1, or 4 with Quality. Above 1, a run takes twice as long."
    )

    @property
    def has_sound(self) -> bool:
        return self.sound

    @property
    def quality(self) -> bool:
        return self.variant == "quality"

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return QUALITY_CFG if self.quality else 1.0


class TwoPassParams(SampledParams):
    """Parameters for templates with a first pass at half size, an upsampler and a second pass."""

    preset: Literal["fast", "balanced", "quality"] = preset_field("balanced")
    second_stage: Literal["preset", "on", "off"] = param(
        "preset",
        label="Second pass",
        help="Sample at half size first, then enlarge and refine.",
        widget="choice",
        advanced=True,
    )

    @property
    def has_second_pass(self) -> bool:
        return self.preset != "fast" if self.second_stage == "preset" else self.second_stage == "on"

    @property
    def size_step(self) -> int:
        return 64 if self.has_second_pass else 32


class OnePassParams(SampledParams):
    """Parameters for templates with one pass at full size."""

    preset: Literal["fast", "quality"] = preset_field("fast")


def two_passes(params: TwoPassParams, seed: int, first_model: str = "first_guider") -> Iterator[Change]:
    """Yields prompts, size, length, seeds, sampling, LoRAs and sound for a two-pass template.

    `first_model` is the node through which the first pass gets its model.
    """
    divisor = 2 if params.has_second_pass else 1
    yield from _content(params, divisor)
    yield Patch("first_noise", "noise_seed", seed)
    yield Patch("second_noise", "noise_seed", (seed + 1) % (MAX_SEED + 1))
    yield Patch("first_guider", "cfg", params.guidance)
    if params.quality:
        yield from _schedule(params)
        yield Patch(first_model, "model", ("checkpoint", 0))
        yield Patch("distilled_lora", "strength_model", 1.0)
        yield Patch("second_sigmas", "sigmas", _joined(QUALITY_SECOND_SIGMAS))
        for node in ("first_sampler", "second_sampler"):
            yield Patch(node, "sampler_name", "euler_ancestral")
    else:
        yield Patch("first_sigmas", "sigmas", sigmas(params.steps))
    if params.preset == "fast":
        for node in CHECKPOINT_NODES:
            yield Patch(node, "ckpt_name", DISTILLED_CHECKPOINT)
        yield Relink(("distilled_lora", 0), ("checkpoint", 0))
    if not params.has_second_pass:
        yield Relink(("second_separate", 0), ("first_separate", 0))
        yield Relink(("second_separate", 1), ("first_separate", 1))
    yield from insert_loras(params)


def guided_one_pass(params: OnePassParams, seed: int) -> Iterator[Change]:
    """Yields the same for one-pass templates that sample with SamplerCustomAdvanced."""
    yield from _content(params)
    yield Patch("first_noise", "noise_seed", seed)
    yield Patch("first_guider", "cfg", params.guidance)
    if params.quality:
        yield from _schedule(params)
        for node in CHECKPOINT_NODES:
            yield Patch(node, "ckpt_name", DEV_CHECKPOINT)
        yield Patch("first_sampler", "eta", 1.0)  # euler ancestral as in the dev model's own template
    else:
        yield Patch("first_sigmas", "sigmas", sigmas(params.steps))
    yield from insert_loras(params)


def ksampler_one_pass(params: OnePassParams, seed: int) -> Iterator[Change]:
    """Yields the same for the IC-LoRA templates, which sample with KSampler (euler_ancestral, linear_quadratic)."""
    yield from _content(params)
    yield Patch("first_pass", "seed", seed)
    yield Patch("first_pass", "cfg", params.guidance)
    yield Patch("first_pass", "steps", params.steps or (QUALITY_STEPS if params.quality else len(FIRST_SIGMAS) - 1))
    if params.quality:
        for node in CHECKPOINT_NODES:
            yield Patch(node, "ckpt_name", DEV_CHECKPOINT)
    yield from insert_loras(params)


def sigmas(steps: int | None) -> str:
    """The distilled model's schedule as ManualSigmas reads it; for other step counts the curve is interpolated."""
    steps = steps or len(FIRST_SIGMAS) - 1
    positions = np.linspace(0, len(FIRST_SIGMAS) - 1, steps + 1)
    return _joined(np.interp(positions, range(len(FIRST_SIGMAS)), FIRST_SIGMAS))


def _joined(values: "np.ndarray | tuple[float, ...]") -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def _content(params: SampledParams, divisor: int = 1) -> Iterator[Change]:
    """Yields prompts, size, length and sound. The first pass works at width and height divided by `divisor`."""
    yield from clip_content(params, divisor=divisor)
    yield Patch("conditioning", "frame_rate", params.frame_rate)
    yield Patch("decode_video", "tile_size", params.tile_size)
    if not params.has_sound:
        yield Drop("create_video", "audio")


def new_sound(params: LtxParams) -> Iterator[Change]:
    """Yields an empty audio latent of the clip's length, for templates in which the model makes the sound as well."""
    yield Patch("audio_latent", "frames_number", sound_frames(params.frames, params.frame_rate))
    yield Patch("audio_latent", "frame_rate", params.frame_rate)


def _schedule(params: SampledParams) -> Iterator[Change]:
    """Replaces the sigmas of the distilled model with the dev model's own schedule."""
    schedule = {"steps": params.steps or QUALITY_STEPS, "max_shift": 2.05, "base_shift": 0.95}
    yield Insert(
        "first_schedule", "LTXVScheduler", schedule | {"stretch": True, "terminal": 0.1, "latent": ("av_latent", 0)}
    )
    yield Patch("first_pass", "sigmas", ("first_schedule", 0))
