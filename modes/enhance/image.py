"""An image made larger: by an upscaler alone, or with detail that a diffusion model adds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from constants import MAX_PROMPT
from modes.base import Mode, OutputSpec, Params, PreparedFiles, Preset, param
from modes.common import EXAMPLES, a_seed, example, number_of_steps
from modes.enhance.common import GROUP, Scale, enlarged, how_large, not_larger_than
from modes.media_info import image_info
from modes.messages import at_field
from modes.zimage.common import STEP
from workflow import Change, Patch

MOST_GIVEN = 16  # megapixels; the upscaler makes sixteen times as many, whatever is asked for
MOST_MADE = 64
MOST_WITH_DETAIL = 4.2  # 2048 by 2048: beyond, the diffusion model repeats itself
STEPS = 5


class UpscaleParams(Params):
    image: Path = param(..., label="Image", help="What is enlarged.", widget="image")
    scale: Scale = how_large()
    preset: Literal["fast", "quality"] = param("fast", label="Preset", help="Speed against quality.", widget="presets")
    prompt: str = param(
        "masterpiece, 8k",
        label="Prompt",
        help="What is seen, for the diffusion of Quality.",
        widget="prompt",
        max_length=MAX_PROMPT,
    )
    denoise: float = param(
        0.33,
        label="Strength of change",
        help="How much detail is made up: near 0 none.",
        widget="number",
        ge=0.05,
        le=1,
        allow_inf_nan=False,
    )
    steps: int | None = number_of_steps("Empty: 5.")
    seed: int | None = a_seed()

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        image = image_info(self.image, self.settings)
        given = image.width * image.height / 1e6
        if given > MOST_GIVEN:
            text = f"The image has {image.width} × {image.height} px, {given:.1f} megapixels; the most is {MOST_GIVEN}."
            raise at_field("image", text)
        most = MOST_WITH_DETAIL if self.preset == "quality" else MOST_MADE
        not_larger_than(most, self.size, "scale", "The result")
        return self

    @property
    def size(self) -> tuple[int, int]:
        image = image_info(self.image, self.settings)
        return enlarged(image.width, self.scale), enlarged(image.height, self.scale)

    def announce(self) -> OutputSpec:
        alone = "No effect without the diffusion of Quality."
        notes = dict.fromkeys(("prompt", "denoise", "steps", "seed"), alone) if self.preset == "fast" else {}
        return OutputSpec(*self.size, 1, notes=notes)


def parameterize(params: UpscaleParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("load_image", "image", prepared["image"])
    if params.preset == "fast":
        yield Patch("resize", "width", width)
        yield Patch("resize", "height", height)
        return
    # The diffusion works at the next sizes that its model takes.
    yield Patch("resize", "width", enlarged(width, "1", STEP))
    yield Patch("resize", "height", enlarged(height, "1", STEP))
    yield Patch("own_size", "width", width)
    yield Patch("own_size", "height", height)
    yield Patch("positive_prompt", "text", params.prompt)
    yield Patch("pass", "seed", seed)
    yield Patch("pass", "steps", params.steps or STEPS)
    yield Patch("pass", "denoise", params.denoise)


UPSCALE = Mode(
    id="upscale",
    label="Upscale an image",
    group=GROUP,
    summary="An image made larger.",
    workflow=lambda params: "upscale" if params.preset == "fast" else "upscale_detail",
    params=UpscaleParams,
    presets=(
        Preset("fast", "Fast", "An upscaler: sharper, nothing new."),
        Preset("quality", "Quality", "The upscaler, then Z-Image in 5 steps: makes up fine detail."),
    ),
    phases={
        "Load models": ("upscale_model", "model", "text_encoder", "vae"),
        "Enlarge": ("load_image", "upscale", "resize"),
        "Add detail": ("positive_prompt", "negative_prompt", "encode_image", "pass", "decode_image"),
        "Write the file": ("own_size", "save_image"),
    },
    parameterize=parameterize,
    prepare_inputs=lambda params, preparer: {"image": preparer.image(params.image)},
    examples=(example("Landscape", image=EXAMPLES / "landscape.png"),),
)
