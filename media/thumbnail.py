"""Writes thumbnails of images and videos."""

from pathlib import Path
from uuid import uuid4

from media.image import read_image
from media.source import MediaError, regular_file
from media.video import sample
from settings import Settings

SIDE = 320  # pixels of the longer side


def thumbnail(path: str | Path, target: Path, settings: Settings) -> None:
    """Writes a JPEG whose sides have at most SIDE pixels. Raises `MediaError` if the file is no image and no video."""
    file = regular_file(path, settings)
    try:
        image = read_image(file, settings, "white", None, "crop")
    except MediaError:
        image = sample(file, settings)
    image = image.convert("RGB")
    image.thumbnail((SIDE, SIDE))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid4().hex}.part")
    image.save(part, "JPEG", quality=80)
    part.replace(target)
