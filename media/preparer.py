"""Prepares inputs for graphs: converted files in the engine's input folder, with names that depend on their content."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from media.audio import probe_audio, write_wav
from media.image import Alpha, Fit, read_image, write_png
from media.mask import painted, read_mask, with_mask
from media.mp4 import Cut, write_mp4
from media.source import check_part, regular_file
from media.video import examine, moving, still
from settings import Settings
from whole_files import written_whole

RECIPE = 2
"""A version number that is part of every name. Increase it when the same input must yield a different file."""


class Preparer:
    """Writes prepared files into `settings.inputs_dir`, and returns their names for use in graphs.

    A name contains a hash of the input's content and of all options. Therefore the same request yields the same file,
    and two different images with the name image.png yield two files. Several processes may prepare files at once.

    Each method takes the path of an existing file; the caller decides which files a person may use. It raises
    `MediaError` if the file cannot be used. Without `write`, a method checks its input and returns the name, but does
    not write the file.
    """

    def __init__(self, settings: Settings, write: bool = True) -> None:
        self._settings = settings
        self._write = write

    def image(
        self, path: str | Path, *, alpha: Alpha = "white", size: tuple[int, int] | None = None, fit: Fit = "crop"
    ) -> str:
        """Prepares an image as PNG (8 bit sRGB, upright), and returns its name for ComfyUI's node LoadImage.

        If the file contains several images, the first one is used. A transparent image is laid on `alpha`, or stays
        transparent with "keep". `size` is (width, height) in pixels; `fit` says whether the image is cut to it, or
        gets bars.
        """
        file = regular_file(path, self._settings)
        return self._prepared(
            file,
            ".png",
            {"alpha": alpha, "size": size, "fit": fit},
            lambda target: write_png(read_image(file, self._settings, alpha, size, fit), target),
        )

    def masked(
        self, path: str | Path, mask: str | Path | None, *, feather: int, invert: bool, size: tuple[int, int]
    ) -> str:
        """Prepares an image and its mask as one PNG, and returns its name for ComfyUI's node LoadImage.

        The mask becomes the transparency of the image; without a mask, the image's own transparency is used. `feather`
        is the width of the mask's soft edge in pixels, and `invert` swaps the mask's black and white. The image is not
        resized: the pixels of its right and lower edges are repeated up to `size`, which is (width, height) in pixels.
        """
        file = regular_file(path, self._settings)
        drawn = regular_file(mask, self._settings) if mask else None
        asked = {"mask": digest(drawn) if drawn else None, "feather": feather, "invert": invert, "size": size}

        def write(target: Path) -> None:
            image = read_image(file, self._settings, "keep", None, "crop")
            made = with_mask(image, read_mask(drawn or file, self._settings, bool(drawn)), feather, invert, size)
            write_png(made, target)

        return self._prepared(file, ".png", asked, write)

    def audio(self, path: str | Path, *, start: float = 0, seconds: float | None = None) -> str:
        """Prepares a sound as WAV (16 bit, 48 kHz, mono or stereo), and returns its name for ComfyUI's node LoadAudio.

        The part begins at `start` and lasts `seconds`, both in seconds. It is shorter if the sound ends earlier.
        """
        file = regular_file(path, self._settings)
        check_part(start, seconds, probe_audio(file, self._settings).seconds, "sound")
        return self._prepared(
            file,
            ".wav",
            {"start": start, "seconds": seconds},
            lambda target: write_wav(file, target, start, seconds),
        )

    def video(
        self,
        path: str | Path,
        *,
        fps: int | Fraction,
        start: float = 0,
        seconds: float | None = None,
        frames: int | None = None,
        size: tuple[int, int] | None = None,
        fit: Fit = "crop",
    ) -> str:
        """Prepares a video as MP4 with its sound, and returns its name for ComfyUI's node LoadVideo.

        The result is upright H.264 (yuv420p, BT.709) at a constant `fps`, in frames per second. The part begins at
        `start` and lasts `seconds`, or to the end of the video; both times are in seconds. If `frames` is given,
        `seconds` is ignored and the result has exactly that many frames; the last frame is repeated if the video ends
        earlier. `size` is (width, height) in pixels, both even.
        """
        source = moving(path, self._settings)
        length = source.info.seconds
        check_part(start, seconds, length, "video")
        if frames is None:
            part = length - start if seconds is None else min(seconds, length - start)
            frames = max(round(part * fps), 1)
        cut = Cut(Fraction(fps), start, frames, size, fit)
        asked: dict[str, object] = {**vars(cut), "fps": str(cut.fps)}
        return self._prepared(source.file, ".mp4", asked, lambda target: write_mp4(source, target, cut))

    def last_frame(self, path: str | Path) -> Path:
        """Writes the last frame of a video as PNG, so that another video can begin with it. Returns its path."""
        assert self._write, "this returns the path of a written file"
        source = examine(path, self._settings)
        name = self._prepared(
            source.file,
            ".png",
            {"frame": "last"},
            lambda target: write_png(still(source, source.info.seconds), target),
        )
        return self._settings.inputs_dir / name

    def layer(self, mask: str | Path, canvas: tuple[int, int]) -> Path:
        """Writes a mask as a PNG that a person can paint on again, and returns its path.

        The mask is in the upper left corner of the canvas, whose size is (width, height) in pixels.
        """
        assert self._write, "this returns the path of a written file"
        file = regular_file(mask, self._settings)
        name = self._prepared(
            file,
            ".png",
            {"canvas": canvas},
            lambda target: write_png(painted(read_mask(file, self._settings), canvas), target),
        )
        return self._settings.inputs_dir / name

    def has(self, name: str) -> bool:
        """Says whether a prepared file of this name exists. A name that contains a folder never does."""
        return Path(name).name == name and (self._settings.inputs_dir / name).is_file()

    def _prepared(self, file: Path, suffix: str, asked: dict[str, object], write: Callable[[Path], None]) -> str:
        """Returns the name of the prepared file in the inputs folder, after writing the file unless it exists.

        `asked` contains the options that the content depends on.
        """
        folder = self._settings.inputs_dir
        recipe = json.dumps([digest(file), RECIPE, suffix, asked], sort_keys=True)
        name = f"{readable(file.stem)}_{hashlib.sha256(recipe.encode()).hexdigest()[:16]}{suffix}"
        if not self._write or (folder / name).is_file():
            return name
        with written_whole(folder / name) as part:
            write(part)
        return name


def digest(file: Path) -> str:
    """Returns the SHA-256 of a file's content in hexadecimal. An unchanged file is not read again."""
    stat = file.stat()
    return _digest(file, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=4096)
def _digest(file: Path, changed: int, size: int, inode: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def readable(stem: str) -> str:
    """Shortens a file name without its suffix, so that people still recognise it.

    The result has at most 40 characters: letters and digits of any script, hyphens, and underscores.
    """
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFKC", stem))
    return words.strip("_-")[:40].strip("_-") or "media"
