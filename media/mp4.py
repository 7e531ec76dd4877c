"""The one kind of video that workflows get: H.264, visually lossless, constant frame rate, sound without loss."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from media.audio import RATE, audio_frame, pcm
from media.geometry import Geometry
from media.image import Fit
from media.video import Source, constant_rate

BT709, LIMITED = 1, 1
"""Colour tags in the numbers of ITU-T H.273 and of FFmpeg: what every player expects, and ComfyUI's reader heeds."""


X264 = {"crf": "10", "preset": "veryfast", "x264-params": "mbtree=0"}
"""Visually lossless. Without the macroblock tree, which codes equal pictures differently from run to run on processors
with AVX-512 (as built into PyAV 18.1's wheels): the same upload must give the same clip."""


@dataclass(frozen=True)
class Cut:
    """Which part of a video, and in which shape: `count` frames at `fps` from `start` seconds on, `size` in pixels
    (width, height, both even) or None for that of the source."""

    fps: Fraction
    start: float
    count: int
    size: tuple[int, int] | None
    fit: Fit


def write_mp4(source: Source, target: Path, cut: Cut) -> None:
    """Writes pictures and sound of one length, frame by frame. The sound is FLAC at 48 kHz: it stays as it was, and in
    time to the sample, which AAC with its delay does not; where it is shorter than the pictures silence follows."""
    geometry = Geometry(source.pixel_shape, cut.size, cut.fit)
    sound = _sound(source, cut) if source.info.audio else iter(())
    block = next(sound, None)
    with av.open(str(target), "w", format="mp4") as container:
        pictures = container.add_stream("libx264", rate=cut.fps, options=X264)
        voice = None
        if block is not None:
            voice = container.add_stream("flac", rate=RATE, layout="mono" if block.shape[1] == 1 else "stereo")
        raw, written = None, 0
        for number, decoded in enumerate(constant_rate(source, cut.fps, cut.start, cut.count)):
            if decoded is not raw:
                raw, frame = decoded, geometry.apply(decoded)
            if not number:
                context = pictures.codec_context
                context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
                context.colorspace = context.color_primaries = context.color_trc = BT709
                context.color_range = LIMITED
            frame.pts, frame.time_base = number, 1 / cut.fps
            frame.pict_type = 0  # or the encoder would keep to the source's choice of key frames
            container.mux(pictures.encode(frame))
            while block is not None and written < (number + 1) * RATE / cut.fps:  # side by side, as players read
                container.mux(voice.encode(audio_frame(block, written)))
                written += len(block)
                block = next(sound, None)
        for stream in (pictures, voice):
            if stream:
                container.mux(stream.encode(None))


def _sound(source: Source, cut: Cut) -> Iterator[np.ndarray]:
    """Exactly as many samples as the pictures last, in blocks; nothing where nothing can be decoded."""
    first, length = round(cut.start * RATE), round(cut.count * RATE / cut.fps)
    done, channels = 0, 0
    for block in pcm(source.file, first, first + length, origin=source.track.start):
        done, channels = done + len(block), block.shape[1]
        yield block
    while channels and done < length:
        silence = np.zeros((min(length - done, RATE), channels), np.int16)
        done += len(silence)
        yield silence
