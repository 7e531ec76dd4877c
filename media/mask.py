"""Masks: which part of a picture is to be made anew. White is made anew, black is kept."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from media.image import read_image
from settings import Settings

BRUSH = "#ff4040"
"""The colour of what is painted; no colour of a photograph is as loud."""


def read_mask(file: Path, settings: Settings, of_mask: bool = True) -> Image.Image:
    """A mask as 8 bit grey. Of a file with transparency what is painted counts, of another one how light it is; of an
    image (not `of_mask`) what is transparent, nothing where all of it is opaque."""
    image = read_image(file, settings, "keep", None, "crop")
    alpha = image.getchannel("A") if image.mode == "RGBA" else Image.new("L", image.size, 255)
    if not of_mask:
        return ImageChops.invert(alpha)
    if alpha.getextrema()[0] == 255:
        return image.convert("L")
    most = int(np.asarray(alpha).max()) or 1  # a brush may be half transparent, to show what is under it
    return alpha.point([min(255, value * 255 // most) for value in range(256)])


def painted(mask: Image.Image, canvas: tuple[int, int]) -> Image.Image:
    """A mask as a layer to paint on: coloured where it is white, transparent elsewhere; it stands in the upper left
    corner of a canvas, (width, height)."""
    coloured = Image.new("RGBA", mask.size, BRUSH)
    coloured.putalpha(mask)
    layer = Image.new("RGBA", canvas)
    layer.paste(coloured)
    return layer


def coverage(mask: Image.Image) -> float:
    """The part of a mask that is white, 0 to 1; what is grey counts as white."""
    return 1 - mask.histogram()[0] / (mask.width * mask.height)


def with_mask(image: Image.Image, mask: Image.Image, feather: int, invert: bool, size: tuple[int, int]) -> Image.Image:
    """The picture with its mask as transparency, as LoadImage reads both; `feather` is the width of the soft edge in
    pixels. Right and lower edges are held up to `size`, (width, height)."""
    if mask.size != image.size:
        mask = mask.resize(image.size, Image.Resampling.BILINEAR)
    if invert:
        mask = ImageChops.invert(mask)
    if feather:
        mask = mask.filter(ImageFilter.GaussianBlur(feather / 2))
    image = image.convert("RGB")
    image.putalpha(ImageChops.invert(mask))
    more = ((0, size[1] - image.height), (0, size[0] - image.width), (0, 0))
    return Image.fromarray(np.pad(np.asarray(image), more, mode="edge"))
