"""Uploads made ready in the engine's input folder, named by their content."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from media.audio import probe_audio, write_wav
from media.image import Alpha, Fit, read_image, write_png
from media.mask import painted, read_mask, with_mask
from media.mp4 import Cut, write_mp4
from media.source import check_part, regular_file
from media.video import examine, moving, still
from settings import Settings

RECIPE = 2
"""Part of every name: raised when the same input is to give another file than before."""


class Preparer:
    """Writes into `settings.inputs_dir`. A file's name is made of what was uploaded and of all that was asked for, so
    the same input is one file, and two people's image.png are two. Any number of processes may stage at once.

    Every method takes the path of an existing file, whichever the caller allows, and raises `MediaError`. Without
    `write` the names are only told: what they stand for is checked now and written when it is needed."""

    def __init__(self, settings: Settings, write: bool = True) -> None:
        self._settings = settings
        self._write = write

    def image(
        self, path: str | Path, *, alpha: Alpha = "white", size: tuple[int, int] | None = None, fit: Fit = "crop"
    ) -> str:
        """PNG, 8 bit sRGB, upright, the first picture of several; the name that LoadImage takes. What is transparent
        is laid on `alpha`, or kept so. `size` is (width, height) in pixels, reached by cropping or with bars."""
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
        """PNG of a picture at its own size, with a mask (without one, what is transparent in it) as transparency: the
        name that LoadImage takes, for both. Right and lower edges are held up to `size`, (width, height)."""
        file = regular_file(path, self._settings)
        drawn = regular_file(mask, self._settings) if mask else None
        asked = {"mask": digest(drawn) if drawn else None, "feather": feather, "invert": invert, "size": size}

        def write(target: Path) -> None:
            image = read_image(file, self._settings, "keep", None, "crop")
            made = with_mask(image, read_mask(drawn or file, self._settings, bool(drawn)), feather, invert, size)
            write_png(made, target)

        return self._prepared(file, ".png", asked, write)

    def audio(self, path: str | Path, *, start: float = 0, seconds: float | None = None) -> str:
        """WAV, 16 bit, 48 kHz, mono or stereo; the name that LoadAudio takes. From `start` on, at most `seconds` long:
        where the sound ends earlier, so does the file."""
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
        """MP4 (H.264, yuv420p, BT.709) at a constant rate, upright, with the sound of that part if there is any; the
        name that LoadVideo takes. From `start` on, `seconds` long or to the end of the video; or exactly `frames`
        frames, whatever `seconds` says, the last one held where the video ends earlier. `size` is (width, height), both
        even."""
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
        """The last frame of a video as PNG: what the next clip begins with."""
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
        """A mask as a PNG to go on painting on, in the upper left corner of a canvas, (width, height)."""
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
        """Whether a file of this name, without any folder, was prepared and is still there."""
        return Path(name).name == name and (self._settings.inputs_dir / name).is_file()

    def _prepared(self, file: Path, suffix: str, asked: dict[str, object], write: Callable[[Path], None]) -> str:
        """Name of the file, relative to the inputs folder. Written beside its place and then moved there, so that
        nobody ever sees half of it."""
        folder = self._settings.inputs_dir
        recipe = json.dumps([digest(file), RECIPE, suffix, asked], sort_keys=True)
        name = f"{readable(file.stem)}_{hashlib.sha256(recipe.encode()).hexdigest()[:16]}{suffix}"
        if not self._write or (folder / name).is_file():
            return name
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{uuid4().hex}.part"
        try:
            write(part)
            part.replace(folder / name)
        finally:
            part.unlink(missing_ok=True)
        return name


def digest(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal; read again only once the file has changed."""
    stat = file.stat()
    return _digest(file, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=4096)
def _digest(file: Path, changed: int, size: int, inode: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def readable(stem: str) -> str:
    """A name without its suffix as at most 40 letters, digits and hyphens of any script, for people to recognise."""
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFKC", stem))
    return words.strip("_-")[:40].strip("_-") or "media"
