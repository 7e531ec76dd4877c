"""Writes the one kind of video that graphs get: H.264 at a constant rate, visually lossless, with lossless sound."""

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
"""These options of x264 make the result visually lossless, and repeatable whatever the settings say.

The name of a prepared file stands for its content: if the file is written again, the model has to get the same frames.
"""


@dataclass(frozen=True)
class Cut:
    """A part of a video: `count` frames at `fps` frames per second, from `start` seconds on.

    `size` is (width, height) in pixels, both even; with None the source keeps its size.
    """

    fps: Fraction
    start: float
    count: int
    size: tuple[int, int] | None
    fit: Fit


def write_mp4(source: Source, target: Path, cut: Cut) -> None:
    """Writes the frames of a cut, and sound of the same length. Raises `MediaError`.

    The sound is FLAC at 48 kHz. Unlike AAC, FLAC is lossless and adds no delay, so the sound is exact to the sample. If
    the sound is shorter than the video, silence follows.
    """
    sound = _sound(source, cut) if source.info.audio else iter(())
    write_h264(target, _frames(source, cut), cut.fps, X264, sound, "flac")


def _frames(source: Source, cut: Cut) -> Iterator[av.VideoFrame]:
    """Yields the frames of the cut at its size. A frame that is repeated is resized once."""
    geometry = Geometry(source.pixel_shape, cut.size, cut.fit)
    before, frame = None, None
    for decoded in constant_rate(source, cut.fps, cut.start, cut.count):
        if frame is None or decoded is not before:
            before, frame = decoded, geometry.apply(decoded)
        yield frame


def _sound(source: Source, cut: Cut) -> Iterator[np.ndarray]:
    """Yields blocks of samples that together last exactly as long as the frames; none if nothing can be decoded."""
    first, length = round(cut.start * RATE), round(cut.count * RATE / cut.fps)
    done, channels = 0, 0
    for block in pcm(source.file, first, first + length, origin=source.track.start):
        done, channels = done + len(block), block.shape[1]
        yield block
    while channels and done < length:
        silence = np.zeros((min(length - done, RATE), channels), np.int16)
        done += len(silence)
        yield silence
