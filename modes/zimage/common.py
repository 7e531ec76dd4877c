"""What all modes of Z-Image share: the turbo model for Fast, the base model for Quality, seeds, steps and LoRAs."""

from collections.abc import Iterator
from typing import Any, Literal

from modes.base import OutputSpec, Params, Preset, param
from modes.common import a_seed, guidance, lora_chain, lora_rows, number_of_steps, prompts, strength
from modes.lists import Lora
from workflow import Change, Patch

GROUP = "Images"
TURBO, BASE = "z_image_turbo_bf16.safetensors", "z_image_bf16.safetensors"
TURBO_STEPS, BASE_STEPS = 8, 25
BASE_CFG = 4.0
STEP = 16
"""Sizes are multiples of it: 8 pixels are one latent, and the model takes them in pairs."""

PRESETS = (
    Preset("fast", "Fast", "Turbo model, 8 steps, guidance 1."),
    Preset("quality", "Quality", "Base model, 25 steps with guidance 4. Six times the time."),
)

PHASES = {
    "Load models": ("model", "text_encoder", "vae"),
    "Read the prompt": ("positive_prompt", "negative_prompt"),
    "Sample": ("pass",),
    "Decode": ("decode_image",),
    "Write the file": ("save_image",),
}
PHASES_WITH_IMAGE = {
    "Load models": PHASES["Load models"],
    "Read the prompt": PHASES["Read the prompt"],
    "Encode the image": ("load_image", "encode_image"),
    **PHASES,
}


def how_much(default: float) -> Any:
    return param(
        default,
        label="Strength of change",
        help="How much is made anew: near 0 almost nothing, at 1 all of it.",
        widget="number",
        ge=0.05,
        le=1,
        allow_inf_nan=False,
    )


class SampledParams(Params):
    """To be mixed into parameters with a prompt, a `size` and `notes`."""

    count: int = param(1, label="Images", help="How many, each another one.", widget="number", ge=1, le=16)
    seed: int | None = a_seed()
    preset: Literal["fast", "quality"] = param("fast", label="Preset", help="Speed against quality.", widget="presets")
    steps: int | None = number_of_steps("Empty: 8, with Quality 25.")
    cfg: float | None = guidance("Empty: 1, with Quality 4. Above 1: twice the time.")
    shift: float | None = strength(None, "Shift", "More steps for what is large. Empty: the model's own, 3.", most=20)
    loras: tuple[Lora, ...] = lora_rows()

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return BASE_CFG if self.preset == "quality" else 1.0

    def announce(self) -> OutputSpec:
        return OutputSpec(*self.size, self.count, notes=self.notes)  # type: ignore[attr-defined]


def sampled(params: Any, seed: int) -> Iterator[Change]:
    """Prompts, model, seed and steps; `params` are a prompt and SampledParams."""
    quality = params.preset == "quality"
    yield from prompts(params)
    yield Patch("model", "unet_name", BASE if quality else TURBO)
    yield Patch("pass", "seed", seed)
    yield Patch("pass", "steps", params.steps or (BASE_STEPS if quality else TURBO_STEPS))
    yield Patch("pass", "cfg", params.guidance)
    if params.shift is not None:
        yield Patch("sampling", "shift", params.shift)
    yield from lora_chain(params.loras, "model", "sampling")
