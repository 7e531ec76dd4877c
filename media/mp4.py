"""The one kind of video that graphs get: H.264, visually lossless, at a constant frame rate, with lossless sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from constants import X264_REPEATABLE
from media.audio import RATE, pcm
from media.geometry import Geometry
from media.image import Fit
from media.mux import write_h264
from media.video import Source, constant_rate

X264 = {"crf": "10", "preset": "veryfast", "x264-params": X264_REPEATABLE}
"""Visually lossless, and always repeatable: a prepared file's name stands for its content. If the file is made again,
the model has to get the same frames."""


@dataclass(frozen=True)
class Cut:
    """A part of a video and its shape: `count` frames at `fps`, from `start` seconds on.

    `size` is (width, height) in pixels, both even, or None for that of the source.
    """

    fps: Fraction
    start: float
    count: int
    size: tuple[int, int] | None
    fit: Fit


def write_mp4(source: Source, target: Path, cut: Cut) -> None:
    """Writes pictures and sound of one length, frame by frame.

    The sound is FLAC at 48 kHz: it is unchanged, and in time to the sample, which AAC with its delay is not. Where
    it is shorter than the pictures, silence follows.
    """
    sound = _sound(source, cut) if source.info.audio else iter(())
    write_h264(target, _frames(source, cut), cut.fps, X264, sound, "flac")


def _frames(source: Source, cut: Cut) -> Iterator[av.VideoFrame]:
    """The frames of the cut, at its size. A frame that is repeated is scaled once."""
    geometry = Geometry(source.pixel_shape, cut.size, cut.fit)
    before, frame = None, None
    for decoded in constant_rate(source, cut.fps, cut.start, cut.count):
        if frame is None or decoded is not before:
            before, frame = decoded, geometry.apply(decoded)
        yield frame


def _sound(source: Source, cut: Cut) -> Iterator[np.ndarray]:
    """Blocks of exactly as many samples as the pictures last; none where nothing can be decoded."""
    first, length = round(cut.start * RATE), round(cut.count * RATE / cut.fps)
    done, channels = 0, 0
    for block in pcm(source.file, first, first + length, origin=source.track.start):
        done, channels = done + len(block), block.shape[1]
        yield block
    while channels and done < length:
        silence = np.zeros((min(length - done, RATE), channels), np.int16)
        done += len(silence)
        yield silence
