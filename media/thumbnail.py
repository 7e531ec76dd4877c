"""Writes thumbnails of images and videos."""

from pathlib import Path

from media.image import read_image
from media.source import MediaError, regular_file
from media.video import sample
from settings import Settings
from whole_files import written_whole

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
    with written_whole(target) as part:
        image.save(part, "JPEG", quality=80)
