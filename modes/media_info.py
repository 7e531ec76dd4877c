"""What is known of an input file, looked at once for as long as it stays the same."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from media import AudioInfo, ImageInfo, VideoInfo, probe_audio, probe_image, probe_video
from media.mask import coverage, read_mask
from settings import Settings

# By widget.
MEDIA = {"image": probe_image, "audio": probe_audio, "video": probe_video, "mask": probe_image}


def probe(widget: str, path: Path) -> Any:
    """Size or length of a file; raises MediaError with a sentence where it cannot be used."""
    try:
        stat = path.stat()
    except OSError:
        return MEDIA[widget](path, Settings())  # says what is wrong with the path
    return _probe(widget, path, stat.st_mtime_ns, stat.st_size)


def image_info(path: Path) -> ImageInfo:
    return probe("image", path)


def audio_info(path: Path) -> AudioInfo:
    return probe("audio", path)


def video_info(path: Path) -> VideoInfo:
    return probe("video", path)


def covered(path: Path, of_mask: bool) -> float:
    """The part of a mask that is painted, or of an image that is transparent: 0 to 1."""
    stat = path.stat()
    return _covered(path, of_mask, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _covered(path: Path, of_mask: bool, changed: int, size: int) -> float:
    return coverage(read_mask(path, Settings(), of_mask))


@lru_cache(maxsize=256)
def _probe(widget: str, path: Path, changed: int, size: int) -> Any:
    return MEDIA[widget](path, Settings())
