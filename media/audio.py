"""Sound: reads any common format as 16 bit PCM at 48 kHz, and cuts it at exact samples."""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from media.container import audio_stream, first_frame, frames, opened, walk
from media.source import MediaError, check_seconds, regular_file
from settings import Settings

RATE = 48_000
"""Samples per second of every prepared sound: the rate of nearly all videos, and a multiple of the audio VAE's 16 kHz.
"""

SHORTEST = 0.1
"""Seconds. A shorter sound does not fill one latent frame."""

GAP = 0.05
"""Seconds. If the time stamps are ahead of the samples by more than this, there is a pause in the sound.

A smaller difference comes from the rounding of time stamps.
"""


@dataclass(frozen=True)
class AudioInfo:
    """The decoded sound: its length in seconds, its samples per second, its number of channels."""

    seconds: float
    sample_rate: int
    channels: int


def probe_audio(path: str | Path, settings: Settings) -> AudioInfo:
    """Probes the first sound of an audio or video file.

    Reads the whole file, but decodes only its beginning. Raises `MediaError` if the sound cannot be used.
    """
    file = regular_file(path, settings)
    with opened(file) as container:
        stream = audio_stream(container)
        if container.duration:
            check_seconds(container.duration / av.time_base, "sound", settings)
        track = walk(container).get(stream.index)
        seconds = track.seconds if track else 0.0
    if seconds < SHORTEST:
        lasts = f"lasts only {seconds:.2f} s" if seconds else "is empty"
        raise MediaError(f"The sound {lasts}; it must last at least {SHORTEST:g} s.", hint="Choose a longer one.")
    check_seconds(seconds, "sound", settings)
    with opened(file) as container:
        frame = first_frame(container, audio_stream(container))
        return AudioInfo(seconds, frame.sample_rate, frame.layout.nb_channels)


def write_wav(file: Path, target: Path, start: float, seconds: float | None) -> None:
    """Writes the part of a sound from `start` on as WAV. Both times are in seconds.

    The part is `seconds` long, or shorter if the sound ends earlier; without `seconds` it lasts to the end of the
    sound. Raises `MediaError` if the part contains no sound.
    """
    first = round(start * RATE)
    last = None if seconds is None else first + round(seconds * RATE)
    blocks = pcm(file, first, last)
    samples = next(blocks, None)
    if samples is None:
        raise MediaError("There is no sound in this part of the file.", hint="Choose an earlier start.")
    with wave.open(str(target), "wb") as written:
        written.setparams((samples.shape[1], 2, RATE, 0, "NONE", ""))
        for each in chain([samples], blocks):
            written.writeframes(each.tobytes())


def audio_frame(block: np.ndarray, position: int) -> av.AudioFrame:
    """Turns a block of `pcm` into a frame for an encoder. `position` is the number of the block's first sample."""
    frame = av.AudioFrame.from_ndarray(
        block.reshape(1, -1), format="s16", layout="mono" if block.shape[1] == 1 else "stereo"
    )
    frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
    return frame


def pcm(file: Path, first: int = 0, last: int | None = None, origin: float | None = None) -> Iterator[np.ndarray]:
    """Yields the samples from `first` up to, but not including, `last` of a file's sound at 48 kHz.

    The blocks are int16 arrays of shape (samples, channels). Mono stays mono; everything else becomes stereo. Sample 0
    is at `origin`, in seconds on the file's clock; without it, sample 0 is where the sound begins. Pauses in the
    file's time stamps are filled with silence. Raises `MediaError`.
    """
    with opened(file) as container:
        position = 0
        for frame in _resampled(frames(container, audio_stream(container))):
            if origin is None:
                origin = frame.time or 0.0
            samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
            due = position if frame.time is None else round((frame.time - origin) * RATE)
            if due - position > GAP * RATE or (position == 0 and due > 0):
                yield from _part(np.zeros((due - position, samples.shape[1]), np.int16), position, first, last)
                position = due
            elif position == 0:
                position = due  # the sound begins before sample 0; _part cuts off the earlier samples
            yield from _part(samples, position, first, last)
            position += len(samples)
            if last is not None and position >= last:
                return


def _part(samples: np.ndarray, position: int, first: int, last: int | None) -> Iterator[np.ndarray]:
    """Yields the samples between `first` and `last` of a block that begins at `position`, if there are any."""
    end = len(samples) if last is None else min(len(samples), last - position)
    part = samples[max(first - position, 0) : max(end, 0)]
    if len(part):
        yield np.ascontiguousarray(part)


def _resampled(decoded: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Converts frames to 16 bit at 48 kHz in one layout, even if their format changes within the file."""
    resampler: av.AudioResampler | None = None
    kind, layout = None, None
    for frame in decoded:
        layout = layout or ("mono" if frame.layout.nb_channels == 1 else "stereo")
        before, kind = kind, (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or kind != before:
            if resampler:
                yield from resampler.resample(None)
            resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
        yield from resampler.resample(frame)
    if resampler:
        yield from resampler.resample(None)
