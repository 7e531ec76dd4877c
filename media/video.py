"""Video: looked at, and decoded to a constant frame rate with one frame in memory at a time."""

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
"""Pixels: more than this x264 does not write."""


@dataclass(frozen=True)
class VideoInfo:
    """Pixels as the video is seen (rotation and pixel shape counted in), seconds, frames per second on average and
    frames in all, and whether there is sound with it."""

    width: int
    height: int
    seconds: float
    fps: float
    frames: int
    audio: bool


@dataclass(frozen=True)
class Source:
    """A video file that has been looked at. `pixel_shape` is width over height of one stored pixel."""

    file: Path
    info: VideoInfo
    track: Track
    pixel_shape: Fraction


def probe_video(path: str | Path, settings: Settings) -> VideoInfo:
    """Size and length of a video that can be used. Decodes only its first frame. Raises `MediaError`."""
    return moving(path, settings).info


def sample(path: str | Path, settings: Settings) -> Image.Image:
    """A picture that stands for a video: the frame in its middle, in full size. Raises `MediaError`."""
    source = examine(path, settings)
    return still(source, source.info.seconds / 2)


def moving(path: str | Path, settings: Settings) -> Source:
    """A video of two frames or more."""
    source = examine(path, settings)
    if source.info.frames < 2:
        raise MediaError("This video has only one frame.", hint="Choose a longer video.")
    return source


def examine(path: str | Path, settings: Settings) -> Source:
    """A video of at least one frame, checked against all limits before more than that is decoded."""
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
    if rate and abs(fps / rate - 1) < 0.01:  # where clocks tick in milliseconds 24 fps come out as 23.98
        fps = float(rate)
    return Source(file, VideoInfo(width, height, track.seconds, fps, track.packets, audio), track, pixel_shape)


def constant_rate(source: Source, fps: Fraction, start: float, count: int) -> Iterator[av.VideoFrame]:
    """`count` decoded frames, each 1 / `fps` after the one before, from `start` seconds into the pictures on: the one
    nearest in time, repeated or left out as needed. Where the source ends early its last frame is held."""
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
    """The frame that is seen `seconds` into the pictures, the last one after their end. Upright, as RGB."""
    frame = next(constant_rate(source, Fraction(1000), min(seconds, source.track.seconds), 1))
    return Geometry(source.pixel_shape, pixels="yuv444p").apply(frame).to_image()


def _decoded_from(source: Source, moment: float) -> Iterator[tuple[float, av.VideoFrame]]:
    """Frames with their times on the file's clock, from the last key frame before `moment` on; from the beginning where
    a file cannot be searched, or where the search ends too late (no index, GIF)."""
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
    try:
        container.seek(round(moment / (stream.time_base or Fraction(1, av.time_base))), stream=stream)
    except FFmpegError:
        return False
    return True


def _timed(decoded: Iterator[av.VideoFrame], source: Source) -> Iterator[tuple[float, av.VideoFrame]]:
    """Frames without a time stamp (old AVI files) follow one another at the average rate."""
    due = source.track.start
    for frame in decoded:
        moment = due if frame.time is None else frame.time
        due = moment + 1 / source.info.fps
        yield moment, frame
