"""LTX-2.3: video with sound, in one declaration a mode.

Facts about sizes, sigmas and stages: ComfyUI 0.30.0's comfy_extras/nodes_lt.py and the official templates
video_ltx2_3_t2v (distilled, two stages) and video_ltx2_t2v (dev model with real guidance).
"""

from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from modes.base import Announcement, Mode, Params, Preset, at_field, param, snap
from workflow import Change, Drop, Insert, Patch

MAX_PROMPT = 10_000
MAX_SEED = 2**64 - 1
MAX_FRAMES = 993  # the longest 8n+1 that LTXVEmptyLatentAudio's limit of 1000 allows

DEV_CHECKPOINT = "ltx-2.3-22b-dev-fp8.safetensors"
DISTILLED_CHECKPOINT = "ltx-2.3-22b-distilled-fp8.safetensors"

FIRST_SIGMAS = (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875, 0.0)  # 8 steps, distilled
QUALITY_SECOND_SIGMAS = (0.909375, 0.725, 0.421875, 0.0)
QUALITY_STEPS = 20
QUALITY_CFG = 4.0

PresetId = Literal["fast", "balanced", "quality"]
Aspect = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
Resolution = Literal["256p", "480p", "720p", "1080p"]


class TextToVideoParams(Params):
    prompt: str = param(
        "",
        label="Prompt",
        help="What is seen and heard, and how the camera moves.",
        widget="prompt",
        min_length=1,
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = param(
        "pc game, console game, video game, cartoon, childish, ugly",
        label="Negative prompt",
        help="What to keep out of the clip.",
        widget="prompt",
        max_length=MAX_PROMPT,
    )
    preset: PresetId = param("balanced", label="Preset", help="Speed against quality.", widget="presets")
    aspect: Aspect = param("16:9", label="Aspect", help="Width to height.", widget="choice")
    resolution: Resolution = param(
        "720p", label="Resolution", help="The short side in pixels.", widget="choice", demo="256p"
    )
    seconds: float = param(
        5.0,
        label="Length",
        help="How long the clip is.",
        widget="number",
        unit="s",
        demo=1.0,
        ge=0.2,
        le=40,
        allow_inf_nan=False,
    )
    fps: int = param(25, label="Frame rate", help="Frames per second.", widget="number", unit="fps", ge=8, le=60)
    seed: int | None = param(
        None,
        label="Seed",
        help="Empty: a new one each time.",
        widget="seed",
        ge=0,
        le=MAX_SEED,
    )
    sound: bool = param(True, label="Sound", help="Written into the file.", widget="switch")
    width: int | None = param(
        None,
        label="Exact width",
        help="Instead of aspect and resolution.",
        widget="number",
        unit="px",
        advanced=True,
        ge=128,
        le=4096,
    )
    height: int | None = param(
        None,
        label="Exact height",
        help="Instead of aspect and resolution.",
        widget="number",
        unit="px",
        advanced=True,
        ge=128,
        le=4096,
    )
    steps: int | None = param(
        None,
        label="First pass steps",
        help="Empty: as the preset says (8, Quality 20).",
        widget="number",
        advanced=True,
        ge=1,
        le=100,
    )
    cfg: float | None = param(
        None,
        label="Guidance (cfg)",
        help="How strictly the prompt is followed. Empty: as the preset says (1, Quality 4). Above 1: twice the time.",
        widget="number",
        advanced=True,
        ge=1,
        le=20,
        allow_inf_nan=False,
    )
    second_stage: Literal["preset", "on", "off"] = param(
        "preset",
        label="Second pass",
        help="Makes the clip at half size first, then enlarges and refines it.",
        widget="choice",
        advanced=True,
    )
    tile_size: int = param(
        768,
        label="Decode tile",
        help="Smaller tiles need less memory and take longer.",
        widget="number",
        unit="px",
        advanced=True,
        ge=128,
        le=4096,
    )

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        if not self.prompt.strip():
            raise at_field("prompt", "Prompt is empty.")
        if frames_of(self.seconds, self.fps) > MAX_FRAMES:
            longest = MAX_FRAMES / self.fps
            raise at_field(
                "seconds", f"Length must be at most {longest:.1f} s at {self.fps} fps ({MAX_FRAMES} frames)."
            )
        return self

    @property
    def two_stages(self) -> bool:
        return self.preset != "fast" if self.second_stage == "preset" else self.second_stage == "on"

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return QUALITY_CFG if self.preset == "quality" else 1.0


def frames_of(seconds: float, fps: int) -> int:
    """The number of frames nearest to that length which the video VAE can make: 8n+1, at least 9."""
    return snap(seconds * fps, 8) + 1


def size_of(params: TextToVideoParams) -> tuple[int, int]:
    """Width and height in pixels: multiples of 32, of 64 where the first pass works at half size."""
    horizontal, vertical = (int(part) for part in params.aspect.split(":"))
    short = int(params.resolution.removesuffix("p"))
    scale = short / min(horizontal, vertical)
    step = 64 if params.two_stages else 32
    width = params.width or horizontal * scale
    height = params.height or vertical * scale
    return snap(width, step), snap(height, step)


def announce(params: TextToVideoParams) -> Announcement:
    notes = {}
    if params.guidance == 1:
        notes["negative_prompt"] = "No effect at guidance 1. Quality, or more guidance, makes it work."
    width, height = size_of(params)
    return Announcement(width, height, frames_of(params.seconds, params.fps), params.fps, params.sound, notes)


def sigmas(steps: int | None) -> str:
    """The distilled model's schedule as ManualSigmas reads it; other step counts are read off the same curve."""
    steps = steps or len(FIRST_SIGMAS) - 1
    positions = np.linspace(0, len(FIRST_SIGMAS) - 1, steps + 1)
    return joined(np.interp(positions, range(len(FIRST_SIGMAS)), FIRST_SIGMAS))


def joined(values: "np.ndarray | tuple[float, ...]") -> str:
    return ", ".join(f"{value:.6g}" for value in values)


def parameterize_text_to_video(params: TextToVideoParams, seed: int) -> Iterator[Change]:
    size = announce(params)
    yield Patch("positive_prompt", "text", params.prompt)
    yield Patch("negative_prompt", "text", params.negative_prompt)
    divisor = 2 if params.two_stages else 1
    yield Patch("video_latent", "width", size.width // divisor)
    yield Patch("video_latent", "height", size.height // divisor)
    yield Patch("video_latent", "length", size.frames)
    yield Patch("audio_latent", "frames_number", size.frames)
    for node in ("audio_latent", "conditioning"):
        yield Patch(node, "frame_rate", params.fps)
    yield Patch("create_video", "fps", params.fps)
    if not params.sound:
        yield Drop("create_video", "audio")
    yield Patch("first_noise", "noise_seed", seed)
    yield Patch("second_noise", "noise_seed", (seed + 1) % (MAX_SEED + 1))
    yield Patch("first_guider", "cfg", params.guidance)
    yield Patch("decode_video", "tile_size", params.tile_size)
    yield from _preset(params)
    if not params.two_stages:
        yield Patch("decode_video", "samples", ("first_separate", 0))
        yield Patch("decode_audio", "samples", ("first_separate", 1))


def _preset(params: TextToVideoParams) -> Iterator[Change]:
    if params.preset == "quality":
        schedule = {"steps": params.steps or QUALITY_STEPS, "max_shift": 2.05, "base_shift": 0.95}
        stretch = {"stretch": True, "terminal": 0.1, "latent": ("av_latent", 0)}
        yield Insert("first_schedule", "LTXVScheduler", schedule | stretch)
        yield Patch("first_pass", "sigmas", ("first_schedule", 0))
        yield Patch("first_guider", "model", ("checkpoint", 0))
        yield Patch("distilled_lora", "strength_model", 1.0)
        yield Patch("second_sigmas", "sigmas", joined(QUALITY_SECOND_SIGMAS))
        for node in ("first_sampler", "second_sampler"):
            yield Patch(node, "sampler_name", "euler_ancestral")
        return
    yield Patch("first_sigmas", "sigmas", sigmas(params.steps))
    if params.preset == "fast":
        for node in ("checkpoint", "audio_vae", "text_encoder"):
            yield Patch(node, "ckpt_name", DISTILLED_CHECKPOINT)
        for node in ("first_guider", "second_guider"):
            yield Patch(node, "model", ("checkpoint", 0))


TEXT_TO_VIDEO = Mode(
    id="t2v",
    label="Text to video",
    group="LTX-2.3",
    summary="A clip with sound from a description.",
    workflow="t2v",
    sinks=("save_video",),
    params=TextToVideoParams,
    presets=(
        Preset("fast", "Fast", "Distilled model, one pass at full size, 8 steps."),
        Preset("balanced", "Balanced", "Two passes: 8 steps at half size, enlarged, then 3 at full size."),
        Preset(
            "quality",
            "Quality",
            "Full model with guidance 4: 20 steps at half size, enlarged, then 3. The negative prompt works.",
        ),
    ),
    stages={
        "Load models": ("checkpoint", "text_encoder", "audio_vae", "upscale_model", "distilled_lora"),
        "Read the prompt": ("positive_prompt", "negative_prompt"),
        "First pass": ("first_pass",),
        "Enlarge": ("upsample",),
        "Second pass": ("second_pass",),
        "Decode": ("decode_video", "decode_audio"),
        "Write the file": ("create_video", "save_video"),
    },
    parameterize=parameterize_text_to_video,
    announce=announce,
)
