"""Kinds of files: which suffixes Kinora reads, as which kind and with which reader, and which ones ComfyUI writes.

This is the only such list. The content of a file decides whether Kinora can use it. The suffix decides which files of a
folder a batch uses, and how a result is shown.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["image", "audio", "video"]


class FileKind(NamedTuple):
    """A suffix in lower case and what it means.

    `reader` is Pillow's name of an image format or the name of FFmpeg's demuxer; it is "" where Kinora cannot read the
    format. `written` means that a node of ComfyUI saves results in this format, and `in_browser` that browsers can
    show or play it.
    """

    suffix: str
    kind: Kind
    reader: str
    written: bool = False
    in_browser: bool = False


FILE_KINDS = (
    FileKind(".png", "image", "PNG", written=True, in_browser=True),
    FileKind(".jpg", "image", "JPEG", in_browser=True),
    FileKind(".jpeg", "image", "JPEG", in_browser=True),
    FileKind(".webp", "image", "WEBP", written=True, in_browser=True),
    FileKind(".gif", "image", "GIF", in_browser=True),  # an image for modes that take images, else a video
    FileKind(".heic", "image", "HEIF"),
    FileKind(".heif", "image", "HEIF"),
    FileKind(".avif", "image", "AVIF", in_browser=True),
    FileKind(".bmp", "image", "BMP", in_browser=True),
    FileKind(".tif", "image", "TIFF"),
    FileKind(".tiff", "image", "TIFF"),
    FileKind(".exr", "image", "", written=True),
    FileKind(".wav", "audio", "wav", in_browser=True),
    FileKind(".w64", "audio", "w64"),
    FileKind(".mp3", "audio", "mp3", written=True, in_browser=True),
    FileKind(".flac", "audio", "flac", written=True, in_browser=True),
    FileKind(".m4a", "audio", "mov", in_browser=True),
    FileKind(".aac", "audio", "aac", in_browser=True),
    FileKind(".ogg", "audio", "ogg", in_browser=True),
    FileKind(".opus", "audio", "ogg", written=True, in_browser=True),
    FileKind(".aiff", "audio", "aiff"),
    FileKind(".mp4", "video", "mov", written=True, in_browser=True),
    FileKind(".m4v", "video", "mov", in_browser=True),
    FileKind(".mov", "video", "mov", in_browser=True),
    FileKind(".webm", "video", "matroska", written=True, in_browser=True),
    FileKind(".mkv", "video", "matroska", in_browser=True),
    FileKind(".avi", "video", "avi"),
    FileKind(".mpg", "video", "mpeg"),
    FileKind(".mpeg", "video", "mpeg"),
    FileKind(".mts", "video", "mpegts"),
    FileKind(".wmv", "video", "asf"),
    FileKind(".flv", "video", "flv"),
    FileKind(".gif", "video", "gif"),
)
"""Playlists are missing, because they name other files and addresses to read. EPS is missing, because Pillow starts
Ghostscript for it."""


def _reading(*kinds: Kind) -> list[FileKind]:
    return [each for each in FILE_KINDS if each.reader and each.kind in kinds]


READABLE: Mapping[Kind, frozenset[str]] = {
    kind: frozenset(each.suffix for each in _reading(kind)) for kind in ("image", "audio", "video")
}
"""The suffixes of the files that Kinora reads, by kind."""

WRITTEN = tuple(each.suffix for each in FILE_KINDS if each.written)
"""The suffixes of results."""

SHOWN_AS: Mapping[str, Kind] = {each.suffix: each.kind for each in reversed(FILE_KINDS) if each.in_browser}
"""The kind as which a page shows a file, by suffix. A file with any other suffix can only be downloaded."""

PILLOW_FORMATS = tuple(dict.fromkeys(each.reader for each in _reading("image")))
"""The formats that Pillow may open."""

FFMPEG_FORMATS = ",".join(dict.fromkeys(each.reader for each in _reading("audio", "video")))
"""The demuxers that FFmpeg may open a file with, as its option `format_whitelist` takes them."""
