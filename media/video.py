"""Video: probes files, and decodes them at a constant frame rate with one frame in memory at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream
from PIL import Image

from media.container import Track, first_frame, frames, opened, video_stream, walk
from media.geometry import Geometry, seen_size
from media.source import MediaError, check_pixels, check_seconds, regular_file
from settings import Settings

LONGEST_SIDE = 16_384
"""Pixels. x264 writes no larger videos."""


@dataclass(frozen=True)
class VideoInfo:
    """The size and length of a video, and whether it has sound.

    `width` and `height` are the pixels that a player shows, after rotation and with square pixels. `seconds` is the
    length, `fps` the average number of frames per second, and `frames` their number.
    """

    width: int
    height: int
    seconds: float
    fps: float
    frames: int
    audio: bool


@dataclass(frozen=True)
class Source:
    """A probed video file. `pixel_shape` is the width of a stored pixel divided by its height."""

    file: Path
    info: VideoInfo
    track: Track
    pixel_shape: Fraction


def probe_video(path: str | Path, settings: Settings) -> VideoInfo:
    """Probes a video; only its first frame is decoded. Raises `MediaError` if it cannot be used."""
    return moving(path, settings).info


def sample(path: str | Path, settings: Settings) -> Image.Image:
    """Returns the frame in the middle of a video in full size, for a thumbnail. Raises `MediaError`."""
    source = examine(path, settings)
    return still(source, source.info.seconds / 2)


def moving(path: str | Path, settings: Settings) -> Source:
    """Probes a video that must have at least two frames. Raises `MediaError`."""
    source = examine(path, settings)
    if source.info.frames < 2:
        raise MediaError("This video has only one frame.", hint="Choose a longer video.")
    return source


def examine(path: str | Path, settings: Settings) -> Source:
    """Probes a video of one or more frames. Raises `MediaError` if it cannot be used.

    All limits are checked before more than the first frame is decoded.
    """
    file = regular_file(path, settings)
    with opened(file) as container:
        stream = video_stream(container)
        check_pixels(stream.codec_context.width, stream.codec_context.height, "video", settings)
        if container.duration:
            check_seconds(container.duration / av.time_base, "video", settings)
        rate, pixel_shape = stream.average_rate, stream.sample_aspect_ratio or Fraction(1)
        tracks = walk(container)
        track = tracks.get(stream.index)
        sounds = container.streams.audio[:1]
        audio = any(each.index in tracks and each.codec_context is not None for each in sounds)
    if track is None:
        raise MediaError("This video has no frames.", hint="Choose another file.")
    check_seconds(track.seconds, "video", settings)
    with opened(file) as container:
        width, height = seen_size(first_frame(container, video_stream(container)), pixel_shape)
    check_pixels(width, height, "video", settings)
    if max(width, height) > LONGEST_SIDE:
        raise MediaError(f"The video is {width} × {height} pixels; each side may have at most {LONGEST_SIDE}.")
    fps = track.packets / track.seconds if track.seconds else float(rate or 1)
    if rate and abs(fps / rate - 1) < 0.01:  # with time stamps in milliseconds, 24 fps would be counted as 23.98
        fps = float(rate)
    return Source(file, VideoInfo(width, height, track.seconds, fps, track.packets, audio), track, pixel_shape)


def constant_rate(source: Source, fps: Fraction, start: float, count: int) -> Iterator[av.VideoFrame]:
    """Yields `count` decoded frames at `fps` frames per second, from `start` seconds after the first frame on.

    Each is the frame of the source that is nearest in time, so frames may be repeated or left out. If the source ends
    earlier, its last frame is repeated. Raises `MediaError`.
    """
    origin = source.track.start + start
    shown, held = 0, None
    for moment, frame in _decoded_from(source, origin):
        due = math.floor((moment - origin) * fps + 0.5)
        while held is not None and shown < min(due, count):
            yield held
            shown += 1
        if shown == count:
            return
        held = frame
    if held is None:
        raise MediaError("This video cannot be decoded.", hint="Choose another file.")
    for _ in range(count - shown):
        yield held


def still(source: Source, seconds: float) -> Image.Image:
    """Returns the frame that a player shows after `seconds`, upright and as RGB; after the end, the last frame."""
    frame = next(constant_rate(source, Fraction(1000), min(seconds, source.track.seconds), 1))
    return Geometry(source.pixel_shape, pixels="yuv444p").apply(frame).to_image()


def _decoded_from(source: Source, moment: float) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yields frames with their times in seconds on the file's clock, from the last key frame before `moment` on.

    The frames start at the beginning of the file if it cannot be searched (it has no index, or is a GIF), or if the
    search ends after `moment`.
    """
    for search in (True, False):
        with opened(source.file) as container:
            stream = video_stream(container)
            if search and not _search(container, stream, moment):
                continue
            timed = _timed(frames(container, stream), source)
            first = next(timed, None)
            if first is None or (search and first[0] > moment):
                continue
            yield first
            yield from timed
            return


def _search(container: InputContainer, stream: VideoStream, moment: float) -> bool:
    """Moves to the last key frame before `moment`, in seconds; returns False if the file does not allow it."""
    try:
        container.seek(round(moment / (stream.time_base or Fraction(1, av.time_base))), stream=stream)
    except FFmpegError:
        return False
    return True


def _timed(decoded: Iterator[av.VideoFrame], source: Source) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yields each frame with its time in seconds. Where it has none, as in old AVI files, the average rate gives it."""
    due = source.track.start
    for frame in decoded:
        moment = due if frame.time is None else frame.time
        due = moment + 1 / source.info.fps
        yield moment, frame
