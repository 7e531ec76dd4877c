"""Checks a file that a person names: whether it can be read, is within the limits, and has the part asked for."""

from pathlib import Path

from errors import InvalidInputError
from settings import Settings


class MediaError(InvalidInputError):
    """Raised for a file that cannot be used. The caller adds `field`, because only the caller knows the form."""

    def __init__(self, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.detail = detail


def regular_file(path: str | Path, settings: Settings) -> Path:
    """Returns the path of a file with its links resolved.

    Raises `MediaError` if it is not a file, is empty, cannot be read, or is larger than the limit.
    """
    try:
        file = Path(path).resolve(strict=True)
        size = file.stat().st_size
    except FileNotFoundError as error:
        raise MediaError("There is no such file.", hint="Choose the file again.") from error
    except (OSError, ValueError, RuntimeError) as error:  # not permitted, a name too long, a null byte, a circular link
        raise MediaError("This file cannot be read.", hint="Choose the file again.", detail=str(error)) from error
    if not file.is_file():
        raise MediaError("This is not a file.", hint="Choose a single file.")
    if not size:
        raise MediaError("This file is empty.")
    if size > settings.max_upload_bytes:
        raise MediaError(
            f"This file is {size / 1e6:,.0f} MB; the limit is {settings.max_upload_bytes / 1e6:,.0f} MB.",
            hint="Choose a smaller file. The setting max_upload_bytes is the limit.",
        )
    return file


def check_pixels(width: int, height: int, what: str, settings: Settings) -> None:
    """Raises `MediaError` for an image or a video with too many or too few pixels. `what` is used in the message."""
    if width * height > settings.max_image_pixels:
        raise MediaError(
            f"The {what} is {width} × {height} pixels; the limit is {settings.max_image_pixels / 1e6:g} megapixels.",
            hint="Make it smaller. The setting max_image_pixels is the limit.",
        )
    if min(width, height) < SMALLEST_SIDE:
        raise MediaError(
            f"The {what} is only {width} × {height} pixels; each side needs at least {SMALLEST_SIDE}.",
            hint="Choose a larger one.",
        )


def check_seconds(seconds: float, what: str, settings: Settings) -> None:
    """Raises `MediaError` for a sound or a video that lasts too long. `what` is used in the message."""
    if seconds > settings.max_media_seconds:
        raise MediaError(
            f"The {what} lasts {seconds:,.0f} s; the limit is {settings.max_media_seconds:,.0f} s.",
            hint="Make it shorter. The setting max_media_seconds is the limit.",
        )


def check_part(start: float, seconds: float | None, length: float, what: str) -> None:
    """Raises `MediaError` for a part that is not within a sound or a video of `length` seconds.

    `start` and `seconds`, the length of the part, are in seconds too. `what` is used in the message.
    """
    if start < 0:
        raise MediaError("The start cannot be negative.")
    if start >= length:
        raise MediaError(f"The start, {start:g} s, is after the end: the {what} lasts {length:.2f} s.")
    if seconds is not None and seconds <= 0:
        raise MediaError("The length must be more than 0 s.")


SMALLEST_SIDE = 16
"""Pixels. A smaller image is a tracking pixel or a mistake."""
