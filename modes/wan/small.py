"""Wan's 5B model: from text, or from text and an image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from modes.bases import FromImage, prepare_images
from modes.changes import clip_content, lora_chain
from modes.fields import Fit, fitting, frames_per_second, image_field, loras_field, preset_field
from modes.lists import Lora
from modes.mode import EXAMPLES, Mode, PreparedFiles, Preset, example
from modes.wan.common import GROUP, PHASES, STEPS, WanParams
from workflow import Change, Drop, Patch

FAST_STEPS = 10


class SmallParams(FromImage, WanParams):
    image: Path | None = image_field(  # pyright: ignore[reportIncompatibleVariableOverride]  # frozen, so it may widen
        "First image", "The clip starts from this image. Optional.", required=False
    )
    fit: Fit = fitting("image")
    fps: int | None = frames_per_second(24)
    preset: Literal["fast", "quality"] = preset_field("quality")
    loras: tuple[Lora, ...] = loras_field()

    @property
    def size_step(self) -> int:
        """One latent stands for 16 pixels, and the model takes latents in pairs."""
        return 32

    @property
    def max_frames(self) -> int:
        return 241

    @property
    def all_steps(self) -> int:
        return self.steps or (STEPS if self.quality else FAST_STEPS)

    @property
    def guidance(self) -> float:
        return 5.0 if self.cfg is None else self.cfg


def parameterize(params: SmallParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield from clip_content(params)
    if params.image:
        yield Patch("load_image", "image", prepared["image"])
    else:
        yield Drop("video_latent", "start_image")
    yield Patch("pass", "seed", seed)
    yield Patch("pass", "steps", params.all_steps)
    yield Patch("pass", "cfg", params.guidance)
    if params.shift is not None:
        yield Patch("sampling", "shift", params.shift)
    yield from lora_chain(params.loras, "model", "sampling")


TEXT_IMAGE_TO_VIDEO = Mode(
    id="wan_5b",
    label="Wan 5B",
    group=GROUP,
    summary="A silent clip from a description, or from an image and a description, made by a smaller model.",
    template="wan_ti2v",
    params=SmallParams,
    presets=(
        Preset("fast", "Fast", "10 steps."),
        Preset("quality", "Quality", "20 steps."),
    ),
    phases={
        "Load models": ("text_encoder", "video_vae", "model"),
        "Read the prompt": PHASES["Read the prompt"],
        "Encode the image": ("load_image", "video_latent"),
        "Sample": ("pass",),
        "Decode": PHASES["Decode"],
        "Write the file": PHASES["Write the file"],
    },
    parameterize=parameterize,
    prepare_inputs=prepare_images("image"),
    examples=(
        example("Landscape", prompt="Wind moves the trees by the lake", image=EXAMPLES / "landscape.png"),
        example("Subway", prompt="A street musician plays in an old subway station, commuters pass by"),
    ),
)
