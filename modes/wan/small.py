"""Wan's 5B model: from text, or from text and an image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from modes.base import Mode, PreparedFiles, Preset, param
from modes.common import (
    EXAMPLES,
    Fit,
    InputAspect,
    aspect_of_input,
    clip_content,
    example,
    fitting,
    frames_per_second,
    lora_chain,
    lora_rows,
    prepare_image,
    sized_image,
)
from modes.lists import Lora
from modes.wan.common import GROUP, PHASES, STEPS, WanParams
from workflow import Change, Drop, Patch

FAST_STEPS = 10


class SmallParams(WanParams):
    image: Path | None = param(None, label="First image", help="The clip starts from it. Or none.", widget="image")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("image")
    fps: int | None = frames_per_second(24)
    preset: Literal["fast", "quality"] = param(
        "quality", label="Preset", help="Speed against quality.", widget="presets"
    )
    loras: tuple[Lora, ...] = lora_rows()

    @property
    def size_step(self) -> int:
        """16 pixels are one latent, and the model takes them in pairs."""
        return 32

    @property
    def max_frames(self) -> int:
        return 241

    @property
    def input_size(self) -> tuple[int, int] | None:
        return sized_image(self.image, self.settings)

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
    summary="A silent clip from a description, or from an image and a description, by a smaller model.",
    workflow=lambda _: "wan_ti2v",
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
    prepare_inputs=lambda params, preparer: prepare_image(params, preparer, "image"),
    examples=(
        example("Landscape", prompt="Wind moves the trees by the lake", image=EXAMPLES / "landscape.png"),
        example("Subway", prompt="A street musician plays in an old subway station, commuters pass by"),
    ),
)
