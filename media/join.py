"""Joins the pieces of a video into one video, and adds a sound to it."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from constants import X264_REPEATABLE
from media.audio import pcm
from media.mux import write_h264

X264 = {"crf": "16", "preset": "medium"}


class JoinStoppedError(Exception):
    """Raised when `stopped` returns True."""


def join(
    pieces: Sequence[Path],
    target: Path,
    *,
    rate: Fraction,
    every: Fraction = Fraction(1),
    sound: Path | None = None,
    repeatable: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Writes an MP4 file with H.264 at `rate` frames per second, and with the sound of the file `sound` as AAC.

    The result contains every `every`-th frame of the pieces. `every` is at least 1; if it is not a whole number, the
    nearest frames are chosen. `repeatable` is the setting `repeatable_video`. Raises JoinStoppedError as soon as
    `stopped` returns True, and MediaError if the sound cannot be read.
    """

    def frames() -> Iterator[av.VideoFrame]:
        for frame in _chosen(_decoded(pieces), every):
            if stopped():
                raise JoinStoppedError
            yield frame

    samples = pcm(sound) if sound else iter(())
    encoder = X264 | ({"x264-params": X264_REPEATABLE} if repeatable else {})
    write_h264(target, frames(), rate, encoder, samples, "aac", {"movflags": "faststart"})


def _decoded(pieces: Sequence[Path]) -> Iterator[av.VideoFrame]:
    for piece in pieces:
        with av.open(str(piece)) as container:
            yield from container.decode(video=0)


def _chosen(frames: Iterator[av.VideoFrame], every: Fraction) -> Iterator[av.VideoFrame]:
    """Yields the frames whose numbers are the multiples of `every`, rounded."""
    count = 0
    for number, frame in enumerate(frames):
        if number == round(count * every):
            count += 1
            yield frame
