"""Reads what was written, as any player would."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Clip:
    """A decoded file. `pictures` is (frames, height, width, 3) of uint8, `seconds` the container's duration."""

    codecs: tuple[str, ...]
    pictures: np.ndarray
    seconds: float
    metadata: dict[str, str]


def read(file: Path) -> Clip:
    with av.open(str(file)) as container:
        codecs = tuple(stream.codec_context.name for stream in container.streams)
        seconds = (container.duration or 0) / 1_000_000
        metadata = dict(container.metadata)
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    return Clip(codecs, pictures, seconds, metadata)


@dataclass(frozen=True)
class Facts:
    """What a player would say of a file. Lengths in seconds, `frames` decoded and counted."""

    width: int
    height: int
    frames: int
    fps: float
    video_seconds: float
    seconds: float
    sample_rate: int | None


def facts(file: Path) -> Facts:
    with av.open(str(file)) as container:
        video = container.streams.video[0]
        audio = container.streams.audio[0] if container.streams.audio else None
        assert video.duration is not None
        assert video.time_base is not None
        return Facts(
            video.codec_context.width,
            video.codec_context.height,
            sum(1 for _ in container.decode(video=0)),
            float(video.average_rate or 0),
            float(video.duration * video.time_base),
            (container.duration or 0) / 1_000_000,
            audio.codec_context.sample_rate if audio else None,
        )


def picture(file: Path) -> np.ndarray:
    """An image file as (height, width, 3) of uint8."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference in grey levels of 255."""
    return float(np.abs(first.astype(float) - second).mean())


def psnr(made: np.ndarray, wanted: np.ndarray) -> float:
    """Likeness in dB."""
    return float(10 * np.log10(255**2 / np.mean((made.astype(float) - wanted.astype(float)) ** 2)))


SOUND_RATE = 16_000  # samples a second that `sound` gives


def sound(file: Path) -> np.ndarray:
    """A file's sound as mono samples of float, at SOUND_RATE."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
    with av.open(str(file)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames])
