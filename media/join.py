"""Pieces of a video put together to one, with the sound of what they were made from."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from media.audio import RATE, audio_frame, pcm
from media.mp4 import BT709, LIMITED

X264 = {"crf": "16", "preset": "medium", "x264-params": "mbtree=0"}  # without the tree runs repeat, see media.mp4


class JoinStoppedError(Exception):
    """Somebody does not want it any more."""


def join(
    pieces: Sequence[Path],
    target: Path,
    *,
    rate: Fraction,
    every: Fraction = Fraction(1),
    sound: Path | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Writes H.264 at `rate` frames a second, frame by frame, and AAC where there is a `sound`, a file.

    Of the pieces' frames each `every`-th is taken (at least 1), the nearest one where that is no whole number. Raises
    JoinStoppedError as soon as `stopped` says so.
    """
    heard = pcm(sound) if sound else iter(())
    block = next(heard, None)
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as container:
        pictures = container.add_stream("libx264", rate=rate, options=X264)
        voice = None
        if block is not None:
            voice = container.add_stream("aac", rate=RATE, layout="mono" if block.shape[1] == 1 else "stereo")
        spoken = 0
        for number, frame in enumerate(_taken(_frames(pieces), every)):
            if stopped():
                raise JoinStoppedError
            if not number:
                context = pictures.codec_context
                context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
                context.colorspace = context.color_primaries = context.color_trc = BT709
                context.color_range = LIMITED
            frame.pts, frame.time_base = number, 1 / rate
            frame.pict_type = 0  # or the encoder would keep to the pieces' choice of key frames
            container.mux(pictures.encode(frame))
            while block is not None and spoken < (number + 1) * RATE / rate:  # side by side, as players read
                container.mux(voice.encode(audio_frame(block, spoken)))
                spoken += len(block)
                block = next(heard, None)
        for stream in (pictures, voice):
            if stream:
                container.mux(stream.encode(None))


def _frames(pieces: Sequence[Path]) -> Iterator[av.VideoFrame]:
    for piece in pieces:
        with av.open(str(piece)) as container:
            yield from container.decode(video=0)


def _taken(frames: Iterator[av.VideoFrame], every: Fraction) -> Iterator[av.VideoFrame]:
    taken = 0
    for number, frame in enumerate(frames):
        if number == round(taken * every):
            taken += 1
            yield frame
