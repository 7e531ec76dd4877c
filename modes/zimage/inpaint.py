"""Inpaint: replaces a part of an image, and keeps the rest unchanged to the pixel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import model_validator

from media import Preparer
from modes.bases import NO_GUIDANCE, PromptParams
from modes.fields import image_field
from modes.media_info import covered, image_info
from modes.messages import at_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.params import param
from modes.zimage.common import GROUP, PHASES_WITH_IMAGE, PRESETS, STEP, SampledParams, how_much, sampled
from workflow import Change, Patch

MOST_PIXELS = 2048 * 2048
"""The model was made for about one megapixel. With more it repeats what it paints, and needs more memory."""


class InpaintParams(SampledParams, PromptParams):
    """The image keeps its own size, because what is outside the mask has to stay unchanged."""

    image: Path = image_field("Image", "The image to change a part of.")
    mask: Path | None = param(
        None,
        label="Mask",
        help="Paint over the part to replace. In a mask file, that part is white. Without a mask, the transparent "
        "part of the image is replaced.",
        widget="mask",
    )
    denoise: float = how_much(1.0)
    feather: int = param(
        8, label="Feather", help="How soft the edge of the mask is.", widget="number", unit="px", ge=0, le=200
    )
    invert: bool = param(
        False, label="Invert the mask", help="Replace everything except what is painted.", widget="switch"
    )

    @model_validator(mode="after")
    def _mask_fits(self) -> Self:
        image = image_info(self.image, self.settings)
        if image.width * image.height > MOST_PIXELS:
            text = (
                f"The image has {image.width} × {image.height} px, {image.width * image.height / 1e6:.1f} megapixels; "
                f"at most {MOST_PIXELS / 1e6:.1f} are possible here. Make it smaller."
            )
            raise at_field("image", text)
        if self.mask:
            mask = image_info(self.mask, self.settings)
            # A mask that was painted on a smaller view of the image has the same aspect, give or take a pixel.
            if abs(mask.width * image.height - image.width * mask.height) > max(image.width, image.height):
                text = (
                    f"The mask has {mask.width} × {mask.height} px and the image {image.width} × {image.height} px: "
                    "they must have the same shape."
                )
                raise at_field("mask", text)
        if not self.part:
            raise at_field("mask", "The mask is empty: paint over the part to replace.")
        return self

    @property
    def part(self) -> float:
        """The part of the image that is replaced, 0 to 1."""
        painted = covered(self.mask or self.image, self.settings, of_mask=self.mask is not None)
        return 1 - painted if self.invert else painted

    @property
    def size(self) -> tuple[int, int]:
        image = image_info(self.image, self.settings)
        return image.width, image.height

    @property
    def padded_size(self) -> tuple[int, int]:
        """Width and height, rounded up to a size that the model takes."""
        width, height = (-(-side // STEP) * STEP for side in self.size)
        return width, height

    @property
    def notes(self) -> dict[str, str]:
        notes = {}
        if self.guidance == 1:
            notes["negative_prompt"] = NO_GUIDANCE
        if self.part == 1:
            notes["mask"] = "The whole image will be replaced."
        return notes


def prepare_inputs(params: InpaintParams, preparer: Preparer) -> PreparedFiles:
    """Prepares image and mask as one file, in which the mask is the transparency."""
    name = preparer.masked(
        params.image, params.mask, feather=params.feather, invert=params.invert, size=params.padded_size
    )
    return {"image": name, "mask": name} if params.mask else {"image": name}


def parameterize(params: InpaintParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    yield Patch("load_image", "image", prepared["image"])
    yield Patch("repeat_latent", "amount", params.count)
    yield Patch("repeat_image", "amount", params.count)
    yield Patch("pass", "denoise", params.denoise)
    width, height = params.size
    yield Patch("own_size", "width", width)
    yield Patch("own_size", "height", height)
    yield from sampled(params, seed)


INPAINT = Mode(
    id="inpaint",
    label="Inpaint",
    group=GROUP,
    summary="Replace part of an image. Every pixel outside the mask stays the same.",
    template="z_image_inpaint",
    params=InpaintParams,
    presets=PRESETS,
    phases={**PHASES_WITH_IMAGE, "Decode": ("decode_image", "put_back")},
    parameterize=parameterize,
    prepare_inputs=prepare_inputs,
    examples=(
        example(
            "Another sky",
            prompt="A hot-air balloon in the sky",
            image=EXAMPLES / "landscape.png",
            mask=EXAMPLES / "mask.png",
        ),
    ),
)
