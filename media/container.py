"""Audio and video files: opens them safely, reads their packets without decoding, and decodes their frames."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition
from av.video.stream import VideoStream

from media.kinds import FFMPEG_FORMATS
from media.source import MediaError

ESTIMATED = ("mp3", "aac")
"""Formats that do not state their length. FFmpeg estimates it from the bit rate."""


AnyStream = TypeVar("AnyStream", VideoStream, AudioStream)


@dataclass(frozen=True)
class Track:
    """What the packets of a stream state: where it starts and ends, and how many packets are presented.

    The times are in seconds on the file's clock, which need not begin at 0.
    """

    start: float
    end: float
    packets: int

    @property
    def seconds(self) -> float:
        return self.end - self.start


@contextmanager
def opened(file: Path) -> Iterator[InputContainer]:
    """Opens a file for decoding. FFmpeg's errors, also those in the `with` block, become `MediaError`."""
    options = {"format_whitelist": FFMPEG_FORMATS, "protocol_whitelist": "file"}
    try:
        with av.open(str(file), options=options, metadata_errors="replace") as container:
            yield container
    except (FFmpegError, EOFError) as error:
        raise MediaError(
            "This file is damaged, incomplete, or in a format that Kinora cannot read.",
            hint="Open it in another program and save it again.",
            detail=f"{type(error).__name__}: {error}",
        ) from error


def video_stream(container: InputContainer) -> VideoStream:
    """Returns the first video stream. An album's cover does not count. Raises `MediaError` if there is none."""
    moving = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not moving:
        raise MediaError("There is no video in this file.", hint="Choose an MP4, MOV, WebM, MKV or GIF file.")
    return _readable(moving[0], "video")


def audio_stream(container: InputContainer) -> AudioStream:
    """Returns the first audio stream. Raises `MediaError` if there is none."""
    if not container.streams.audio:
        raise MediaError("There is no sound in this file.", hint="Choose a WAV, MP3, FLAC, M4A or OGG file.")
    return _readable(container.streams.audio[0], "sound")


def walk(container: InputContainer) -> dict[int, Track]:
    """Returns the track of every stream that has packets, by the stream's index.

    Reads the whole file without decoding it, because headers often state nothing (GIF, a browser's recordings) or
    something wrong. Raises `MediaError` if the end of the file is missing.
    """
    tracks: dict[int, Track] = {}
    latest = 0.0
    for packet in container.demux():
        moment = packet.pts if packet.pts is not None else packet.dts
        if moment is None:  # the empty packet that ends each stream
            continue
        start = float(moment * packet.time_base)
        end = float((moment + (packet.duration or 0)) * packet.time_base)
        latest = max(latest, end)
        if packet.is_discard:  # an edit list excludes it; phones trim clips in this way
            continue
        found = tracks.get(packet.stream_index, Track(start, end, 0))
        tracks[packet.stream_index] = Track(min(found.start, start), max(found.end, end), found.packets + 1)
    if container.duration and container.format.name not in ESTIMATED:
        promised = container.duration / av.time_base
        missing = promised - (latest - (container.start_time or 0) / av.time_base)
        if missing > max(0.5, promised / 20):
            raise MediaError(
                f"This file is incomplete: {missing:.1f} s of its {promised:.1f} s are missing.",
                hint="Copy or download it again.",
            )
    return tracks


@overload
def frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]: ...
@overload
def frames(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]: ...
def frames(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[Any]:
    """Yields decoded frames, one packet at a time. A damaged packet is skipped, as players do."""
    stream.codec_context.thread_type = "AUTO"
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except InvalidDataError:
            continue
        yield from decoded


@overload
def first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame: ...
@overload
def first_frame(container: InputContainer, stream: AudioStream) -> av.AudioFrame: ...
def first_frame(container: InputContainer, stream: VideoStream | AudioStream) -> Any:
    """Returns the first frame that the decoder yields, because a header may be wrong. Raises `MediaError`."""
    frame = next(frames(container, stream), None)
    if frame is None:
        raise MediaError("This file cannot be decoded.", hint="Open it in another program and save it again.")
    return frame


def _readable(stream: AnyStream, what: str) -> AnyStream:
    if stream.codec_context is None:  # FFmpeg has no decoder for it
        raise MediaError(
            f"The {what} in this file uses a codec that Kinora cannot read.",
            hint="Convert it to MP4 (H.264) or WAV.",
        )
    return stream
