"""An image made larger, by an upscaler alone or with detail that a diffusion model adds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from modes.enhance.common import GROUP, Scale, enlarged, how_large, not_larger_than
from modes.fields import denoise_field, image_field, number_of_steps, preset_field, prompt_field, seed_field
from modes.media_info import image_info
from modes.messages import at_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, Preset, example
from modes.params import OutputSpec, Params
from modes.zimage.common import STEP
from workflow import Change, Patch

MOST_GIVEN = 16  # megapixels; the upscaler always makes sixteen times as many
MOST_MADE = 64
MOST_WITH_DETAIL = 4.2  # 2048 by 2048: beyond, the diffusion model repeats itself
STEPS = 5


class UpscaleParams(Params):
    image: Path = image_field("Image", "The image to enlarge.")
    scale: Scale = how_large()
    preset: Literal["fast", "quality"] = preset_field("fast")
    prompt: str = prompt_field("What the image shows. Only Quality uses it.", default="masterpiece, 8k", required=False)
    denoise: float = denoise_field(0.33, "How much detail is invented: near 0 almost none.")
    steps: int | None = number_of_steps("Empty: 5.")
    seed: int | None = seed_field()

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        image = image_info(self.image, self.settings)
        given = image.width * image.height / 1e6
        if given > MOST_GIVEN:
            size = f"{image.width} × {image.height} px, {given:.1f} megapixels"
            text = f"The image has {size}; at most {MOST_GIVEN} are possible."
            raise at_field("image", text)
        most = MOST_WITH_DETAIL if self.preset == "quality" else MOST_MADE
        not_larger_than(most, self.size, "scale", "The result")
        return self

    @property
    def size(self) -> tuple[int, int]:
        image = image_info(self.image, self.settings)
        return enlarged(image.width, self.scale), enlarged(image.height, self.scale)

    def output_spec(self) -> OutputSpec:
        alone = "This has no effect with Fast, because only Quality uses it."
        unused = ("prompt", "denoise", "steps", "seed")
        notes: dict[str, str] = dict.fromkeys(unused, alone) if self.preset == "fast" else {}
        return OutputSpec(*self.size, 1, notes=notes)


def parameterize(params: UpscaleParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("load_image", "image", prepared["image"])
    if params.preset == "fast":
        yield Patch("resize", "width", width)
        yield Patch("resize", "height", height)
        return
    # The diffusion works at the nearest size that its model takes.
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
    summary="Make an image larger.",
    template=lambda params: "upscale" if params.preset == "fast" else "upscale_detail",
    params=UpscaleParams,
    presets=(
        Preset("fast", "Fast", "An upscaler: sharper, without new detail."),
        Preset("quality", "Quality", "The upscaler, then 5 steps of Z-Image, which invent fine detail."),
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
