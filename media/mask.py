"""Masks: they say which part of an image to replace. White parts are replaced, and black parts are kept."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from media.image import read_image
from settings import Settings

BRUSH = "#ff4040"
"""The colour in which the page shows a mask. It is brighter than the colours of photographs."""


def read_mask(file: Path, settings: Settings, of_mask: bool = True) -> Image.Image:
    """Reads a mask as an 8 bit grey image. Raises `MediaError`.

    In a mask file with transparency the painted parts become white; in any other mask file the brightness counts.
    Without `of_mask` the file is the image itself, and its transparent parts become white.
    """
    image = read_image(file, settings, "keep", None, "crop")
    alpha = image.getchannel("A") if image.mode == "RGBA" else Image.new("L", image.size, 255)
    if not of_mask:
        return ImageChops.invert(alpha)
    if alpha.getextrema()[0] == 255:
        return image.convert("L")
    most = int(np.asarray(alpha).max()) or 1  # a brush may be half transparent, to show the image below
    return alpha.point([min(255, value * 255 // most) for value in range(256)])


def painted(mask: Image.Image, canvas: tuple[int, int]) -> Image.Image:
    """Returns a mask as a layer for an image editor: coloured where the mask is white, and transparent elsewhere.

    The mask is in the upper left corner of the canvas, whose size is (width, height) in pixels.
    """
    coloured = Image.new("RGBA", mask.size, BRUSH)
    coloured.putalpha(mask)
    layer = Image.new("RGBA", canvas)
    layer.paste(coloured)
    return layer


def coverage(mask: Image.Image) -> float:
    """Returns the part of a mask that is not black, from 0 to 1."""
    return 1 - mask.histogram()[0] / (mask.width * mask.height)


def with_mask(image: Image.Image, mask: Image.Image, feather: int, invert: bool, size: tuple[int, int]) -> Image.Image:
    """Returns the image with its mask as transparency, as ComfyUI's node LoadImage reads both.

    `feather` is the width of the mask's soft edge in pixels. The result has the size (width, height) in pixels; the
    pixels of the right and lower edges are repeated to fill it.
    """
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
