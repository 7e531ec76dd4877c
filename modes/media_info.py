"""What is known of an input file: probed once, and again only when the file or a limit has changed."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from media import AudioInfo, ImageInfo, VideoInfo, probe_audio, probe_image, probe_video
from media.mask import coverage, read_mask
from settings import Settings

MEDIA = {"image": probe_image, "audio": probe_audio, "video": probe_video, "mask": probe_image}
"""By widget, the function that looks at a file."""


def probe(widget: str, path: Path, settings: Settings) -> Any:
    """Size or length of a file. Raises MediaError where it cannot be used or is over a limit of the settings."""
    try:
        key = _key(path, settings)
    except OSError:
        return MEDIA[widget](path, settings)  # raises an error that says what is wrong with the path
    return _probe(widget, key)


def image_info(path: Path, settings: Settings) -> ImageInfo:
    return probe("image", path, settings)


def audio_info(path: Path, settings: Settings) -> AudioInfo:
    return probe("audio", path, settings)


def video_info(path: Path, settings: Settings) -> VideoInfo:
    return probe("video", path, settings)


def covered(path: Path, settings: Settings, of_mask: bool) -> float:
    """How much of a mask is painted, or of an image is transparent: 0 to 1."""
    return _covered(_key(path, settings), of_mask)


@dataclass(frozen=True, slots=True)
class _Key:
    """A file as it is now, and the limits that it was measured by: all that the result of a probe depends on."""

    path: Path
    changed: int
    size: int
    limits: tuple[float, ...]
    settings: Settings = field(compare=False)


def _key(path: Path, settings: Settings) -> _Key:
    stat = path.stat()
    limits = (settings.max_upload_bytes, settings.max_image_pixels, settings.max_media_seconds)
    return _Key(path, stat.st_mtime_ns, stat.st_size, limits, settings)


@lru_cache(maxsize=64)
def _covered(key: _Key, of_mask: bool) -> float:
    return coverage(read_mask(key.path, key.settings, of_mask))


@lru_cache(maxsize=256)
def _probe(widget: str, key: _Key) -> Any:
    return MEDIA[widget](key.path, key.settings)
