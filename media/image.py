"""Images: reads what cameras, phones and drawing programs write as 8 bit sRGB, upright."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from media.kinds import PILLOW_FORMATS
from media.source import MediaError, check_pixels, regular_file
from settings import Settings

pillow_heif.register_heif_opener()

Alpha = Literal["white", "black", "keep"]
Fit = Literal["crop", "pad"]

ORIENTATION = 0x0112
"""The EXIF tag for the camera's orientation. The values 5 to 8 mean that the stored image lies on its side."""


@dataclass(frozen=True)
class ImageInfo:
    """The size of an image in pixels after its EXIF rotation."""

    width: int
    height: int


def probe_image(path: str | Path, settings: Settings) -> ImageInfo:
    """Returns the size of an image. Raises `MediaError` if the image cannot be used.

    The limits are checked with the header. After that the whole image is decoded, a JPEG at an eighth of its size, to
    find out whether it is complete.
    """
    with _opened(regular_file(path, settings), settings) as image:
        on_its_side = image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
        width, height = image.size
        if image.format in ("JPEG", "MPO"):  # for HEIC, draft() would load the thumbnail instead
            image.draft(None, (width // 8, height // 8))
        image.load()
    return ImageInfo(height, width) if on_its_side else ImageInfo(width, height)


def read_image(file: Path, settings: Settings, alpha: Alpha, size: tuple[int, int] | None, fit: Fit) -> Image.Image:
    """Returns the first image of a file as 8 bit sRGB, upright. Raises `MediaError`.

    A transparent image is laid on `alpha`; with "keep" the result is RGBA instead of RGB. `size` is (width, height) in
    pixels. With the fit "crop" the image is cut to it, and with "pad" bars are added, white where `alpha` is white and
    otherwise black.
    """
    with _opened(file, settings) as opened:
        image = ImageOps.exif_transpose(opened)
        profile = opened.info.get("icc_profile")
        transparent = image.has_transparency_data
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        elif image.mode in ("I", "F"):
            raise MediaError(
                "The image has 32 bits per channel, so its colours are not defined.",
                hint="Save it as PNG or JPEG with 8 or 16 bits.",
            )
        mask = image.convert("RGBA").getchannel("A") if transparent else None
        image = _to_srgb(image, profile)
    if mask is not None and alpha == "keep":
        image.putalpha(mask)
    elif mask is not None:
        image = Image.composite(image, Image.new("RGB", image.size, alpha), mask)
    if size and fit == "crop":
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    elif size:
        image = ImageOps.pad(image, size, Image.Resampling.LANCZOS, color="white" if alpha == "white" else "black")
    image.info = {}  # otherwise the old profile and orientation would be saved, although they are already applied
    return image


def write_png(image: Image.Image, target: Path) -> None:
    image.save(target, format="PNG", compress_level=1)  # the engine reads it once, so speed matters more than size


@contextmanager
def _opened(file: Path, settings: Settings) -> Iterator[Image.Image]:
    """Opens an image and checks its size with its header. Pillow's errors, also later ones, become `MediaError`."""
    try:
        with Image.open(file, formats=PILLOW_FORMATS) as image:
            check_pixels(*image.size, "image", settings)
            yield image
    except Image.UnidentifiedImageError as error:
        raise MediaError(
            "This file cannot be read as an image.",
            hint="Use a PNG, JPEG, WebP, GIF or HEIC file.",
        ) from error
    except Image.DecompressionBombError as error:
        most = f"{settings.max_image_pixels / 1e6:g}"
        raise MediaError(
            f"The image has far too many pixels; the limit is {most} megapixels.",
            hint="Make it smaller.",
            detail=str(error),
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError) as error:  # what readers raise on broken data
        raise MediaError(
            "The image is damaged or incomplete.",
            hint="Open it in another program and save it again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns the image as RGB without alpha, with its colours converted from the embedded ICC profile to sRGB."""
    if image.mode == "LA":
        image = image.getchannel("L")
    elif image.mode not in ("L", "CMYK", "LAB"):
        image = (image.convert("RGBA") if image.has_transparency_data else image).convert("RGB")
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                io.BytesIO(profile),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            assert converted is not None, "only a conversion in place returns nothing"
            return converted
        except ImageCms.PyCMSError:
            # The profile is damaged or belongs to another pixel format. Viewers ignore it then, and so does Kinora.
            return image.convert("RGB")
    return image.convert("RGB")
