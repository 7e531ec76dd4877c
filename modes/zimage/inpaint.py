"""Inpaint: a part of an image made anew, all else stays as it is to the pixel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import model_validator

from media import Preparer
from modes.base import Mode, PreparedFiles, param
from modes.common import EXAMPLES, PromptParams, example
from modes.media_info import covered, image_info
from modes.messages import at_field
from modes.zimage.common import GROUP, PHASES_WITH_IMAGE, PRESETS, STEP, SampledParams, how_much, sampled
from workflow import Change, Patch

MOST_PIXELS = 2048 * 2048
"""The model is made for about one megapixel; with more it repeats what it paints, and memory grows."""


class InpaintParams(SampledParams, PromptParams):
    """The image keeps its own size, because what is outside the mask is to stay as it is."""

    image: Path = param(..., label="Image", help="What a part of is made anew.", widget="image")
    mask: Path | None = param(
        None,
        label="Mask",
        help="Paint over what is made anew. A file: white is made anew. None: what is transparent in the image.",
        widget="mask",
    )
    denoise: float = how_much(1.0)
    feather: int = param(
        8, label="Feather", help="How soft the mask's edge is.", widget="number", unit="px", ge=0, le=200
    )
    invert: bool = param(False, label="Invert the mask", help="Make all anew but what is painted.", widget="switch")

    @model_validator(mode="after")
    def _mask_fits(self) -> Self:
        image = image_info(self.image, self.settings)
        if image.width * image.height > MOST_PIXELS:
            text = (
                f"The image has {image.width} × {image.height} px, {image.width * image.height / 1e6:.1f} megapixels; "
                f"the most here is {MOST_PIXELS / 1e6:.1f}. Make it smaller."
            )
            raise at_field("image", text)
        if self.mask:
            mask = image_info(self.mask, self.settings)
            # A mask painted on a smaller view of the image has its aspect, up to a pixel.
            if abs(mask.width * image.height - image.width * mask.height) > max(image.width, image.height):
                text = (
                    f"The mask has {mask.width} × {mask.height} px and the image {image.width} × {image.height} px: "
                    "they must have one shape."
                )
                raise at_field("mask", text)
        if not self.part:
            raise at_field("mask", "The mask is empty: paint over what is to be made anew.")
        return self

    @property
    def part(self) -> float:
        """How much of the image is made anew, 0 to 1."""
        painted = covered(self.mask or self.image, self.settings, of_mask=self.mask is not None)
        return 1 - painted if self.invert else painted

    @property
    def size(self) -> tuple[int, int]:
        image = image_info(self.image, self.settings)
        return image.width, image.height

    @property
    def held_size(self) -> tuple[int, int]:
        """The next larger size that the model takes."""
        width, height = (-(-side // STEP) * STEP for side in self.size)
        return width, height

    @property
    def notes(self) -> dict[str, str]:
        notes = {}
        if self.guidance == 1:
            notes["negative_prompt"] = "No effect at guidance 1. Quality, or more guidance, makes it work."
        if self.part == 1:
            notes["mask"] = "The whole image is made anew: nothing of it stays."
        return notes


def prepare_inputs(params: InpaintParams, preparer: Preparer) -> PreparedFiles:
    """One file for both: the mask is the image's transparency."""
    how = {"feather": params.feather, "invert": params.invert, "size": params.held_size}
    name = preparer.masked(params.image, params.mask, **how)  # type: ignore[arg-type]
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
    summary="A part of an image made anew. All outside the mask stays as it is, to the pixel.",
    workflow=lambda _: "z_image_inpaint",
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
