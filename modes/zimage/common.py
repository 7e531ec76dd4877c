"""What all modes of Z-Image share: the turbo model for Fast, the base model for Quality, seeds, steps and LoRAs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from modes.changes import lora_chain, prompts
from modes.fields import denoise_field, guidance, loras_field, number_of_steps, preset_field, seed_field, shift_field
from modes.lists import Lora
from modes.mode import Preset
from modes.params import OutputSpec, Params, param
from workflow import Change, Patch

GROUP = "Images"
TURBO, BASE = "z_image_turbo_bf16.safetensors", "z_image_bf16.safetensors"
TURBO_STEPS, BASE_STEPS = 8, 25
BASE_CFG = 4.0
STEP = 16
"""Sizes are multiples of it: one latent stands for 8 pixels, and the model takes latents in pairs."""

PRESETS = (
    Preset("fast", "Fast", "Turbo model, 8 steps, guidance 1."),
    Preset("quality", "Quality", "Base model, 25 steps with guidance 4. Takes six times as long."),
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
    return denoise_field(default, "How much changes: near 0 almost nothing, at 1 everything.")


class SampledParams(Params):
    """Adds sampling to parameters that have a prompt, a `size` in pixels and `notes`."""

    if TYPE_CHECKING:  # what the class has that it is mixed into

        @property
        def size(self) -> tuple[int, int]: ...

        @property
        def notes(self) -> dict[str, str]: ...

    count: int = param(1, label="Images", help="How many different images to make.", widget="number", ge=1, le=16)
    seed: int | None = seed_field()
    preset: Literal["fast", "quality"] = preset_field("fast")
    steps: int | None = number_of_steps("Empty: 8, or 25 with Quality.")
    cfg: float | None = guidance("Empty: 1, or 4 with Quality. Above 1, a run takes twice as long.")
    shift: float | None = shift_field("the model's own, 3")
    loras: tuple[Lora, ...] = loras_field()

    @property
    def guidance(self) -> float:
        if self.cfg is not None:
            return self.cfg
        return BASE_CFG if self.preset == "quality" else 1.0

    def output_spec(self) -> OutputSpec:
        return OutputSpec(*self.size, self.count, notes=self.notes)


def sampled(params: Any, seed: int) -> Iterator[Change]:
    """Prompts, model, seed, steps and LoRAs. `params` are PromptParams and SampledParams in one."""
    quality = params.preset == "quality"
    yield from prompts(params)
    yield Patch("model", "unet_name", BASE if quality else TURBO)
    yield Patch("pass", "seed", seed)
    yield Patch("pass", "steps", params.steps or (BASE_STEPS if quality else TURBO_STEPS))
    yield Patch("pass", "cfg", params.guidance)
    if params.shift is not None:
        yield Patch("sampling", "shift", params.shift)
    yield from lora_chain(params.loras, "model", "sampling")
