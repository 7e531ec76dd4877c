"""The file that a person names: is it there, may it be read, and which part of it is meant."""

from pathlib import Path

from errors import InvalidInputError
from settings import Settings


class MediaError(InvalidInputError):
    """A file that cannot be used, said in one sentence. `field` is left to the caller, who knows the form."""

    def __init__(self, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.detail = detail


def regular_file(path: str | Path, settings: Settings) -> Path:
    """The file at `path` with its links resolved, not empty and not over the limit on bytes; else `MediaError`."""
    try:
        file = Path(path).resolve(strict=True)
        size = file.stat().st_size
    except FileNotFoundError as error:
        raise MediaError("There is no such file.", hint="Choose the file again.") from error
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, a link to itself, not permitted
        raise MediaError("This file cannot be read.", hint="Choose the file again.", detail=str(error)) from error
    if not file.is_file():
        raise MediaError("This is not a file.", hint="Choose a single file.")
    if not size:
        raise MediaError("This file is empty.")
    if size > settings.max_upload_bytes:
        raise MediaError(
            f"This file has {size / 1e6:,.0f} MB; the limit is {settings.max_upload_bytes / 1e6:,.0f} MB.",
            hint="Choose a smaller file. The limit is the setting max_upload_bytes.",
        )
    return file


def check_pixels(width: int, height: int, what: str, settings: Settings) -> None:
    """Refuses a `what` ("image", "video") of too many pixels, or of too few to see anything."""
    if width * height > settings.max_image_pixels:
        raise MediaError(
            f"The {what} is {width} × {height} pixels; the limit is {settings.max_image_pixels / 1e6:g} megapixels.",
            hint="Make it smaller. The limit is the setting max_image_pixels.",
        )
    if min(width, height) < SMALLEST_SIDE:
        raise MediaError(
            f"The {what} is only {width} × {height} pixels; each side needs at least {SMALLEST_SIDE}.",
            hint="Choose a larger one.",
        )


def check_seconds(seconds: float, what: str, settings: Settings) -> None:
    """Refuses a `what` ("sound", "video") that lasts too long."""
    if seconds > settings.max_media_seconds:
        raise MediaError(
            f"The {what} lasts {seconds:,.0f} s; the limit is {settings.max_media_seconds:,.0f} s.",
            hint="Cut it shorter. The limit is the setting max_media_seconds.",
        )


def check_part(start: float, seconds: float | None, length: float, what: str) -> None:
    """Refuses a part that does not lie within a `what` of `length` seconds."""
    if start < 0:
        raise MediaError("The start cannot be negative.")
    if start >= length:
        raise MediaError(f"The start, {start:g} s, lies past the end: the {what} lasts {length:.2f} s.")
    if seconds is not None and seconds <= 0:
        raise MediaError("The length must be more than 0 s.")


SMALLEST_SIDE = 16
"""Pixels. Below this a picture is a tracking dot or a mistake, not something to make a video from."""
