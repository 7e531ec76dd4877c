"""Writes MP4 files: frames as H.264, and sound."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.audio.stream import AudioStream

from media.audio import RATE, audio_frame

BT709, LIMITED = 1, 1
"""Colour tags in the numbers of ITU-T H.273 and of FFmpeg. Players expect these values, and ComfyUI respects them."""


def write_h264(
    target: Path,
    frames: Iterator[av.VideoFrame],
    rate: Fraction,
    encoder: Mapping[str, str],
    sound: Iterator[np.ndarray],
    sound_codec: Literal["aac", "flac"],
    container_options: Mapping[str, str] | None = None,
) -> None:
    """Writes `frames` at `rate` frames per second; only one frame is in memory at a time.

    All frames have one size and one pixel format. `encoder` contains options of x264. `sound` yields int16 arrays of
    shape (samples, channels) at 48 kHz; if it yields none, the file has no audio stream.
    """
    block = next(sound, None)
    with av.open(str(target), "w", format="mp4", options=dict(container_options or {})) as container:
        video = container.add_stream("libx264", rate=rate, options=dict(encoder))
        voice: AudioStream | None = None
        if block is not None:
            voice = container.add_stream(sound_codec, rate=RATE, layout="mono" if block.shape[1] == 1 else "stereo")
        written = 0
        for number, frame in enumerate(frames):
            if not number:
                context = video.codec_context
                context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
                context.colorspace = context.color_primaries = context.color_trc = BT709
                context.color_range = LIMITED
            frame.pts, frame.time_base = number, 1 / rate
            frame.pict_type = 0  # otherwise the encoder would keep the key frames of the source
            container.mux(video.encode(frame))
            # Frames and sound alternate in the file, because players read them together.
            while voice and block is not None and written < (number + 1) * RATE / rate:
                container.mux(voice.encode(audio_frame(block, written)))
                written += len(block)
                block = next(sound, None)
        container.mux(video.encode(None))
        if voice:
            container.mux(voice.encode(None))
