"""Reads what was written, as any player would."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np


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
        seconds = container.duration / 1_000_000
        metadata = dict(container.metadata)
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    return Clip(codecs, pictures, seconds, metadata)
