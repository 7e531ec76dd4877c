"""What the modes that enhance share: sizes of enlarged results, and videos that are processed in pieces."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from media import Preparer, VideoInfo
from media.join import join
from modes.media_info import video_info
from modes.messages import at_field
from modes.mode import JoinPieces, PreparedFiles
from modes.params import Params, param
from workflow import Change, Patch

GROUP = "Enhance"
MODEL_SCALE = 4  # RealESRGAN_x4plus enlarges every image by it
PIECE_BYTES = 1.5e9
"""About how many bytes of main memory the frames of a piece may take; ComfyUI holds them as 32-bit numbers."""
FLOAT_RGB = 12  # bytes per pixel

Scale = Literal["1.5", "2", "4"]


def how_large() -> Any:
    return param("1.5", label="Enlarge", help="Factor for width and height.", widget="choice")


def enlarged(side: int, scale: str, step: int = 1) -> int:
    """The side times `scale`, rounded to the nearest multiple of `step`; halves are rounded up."""
    return max(step, math.floor(Fraction(side) * Fraction(scale) / step + Fraction(1, 2)) * step)


def not_larger_than(most: float, size: tuple[int, int], field: str, what: str) -> None:
    """Raises an error at `field` if `what` would have more than `most` megapixels."""
    made = size[0] * size[1] / 1e6
    if made > most:
        text = f"{what} would have {size[0]} × {size[1]} px, {made:.1f} megapixels; at most {most:g} are possible."
        raise at_field(field, text)


class VideoParams(Params):
    """A video whose frames are all processed; the result keeps its sound."""

    video: Path = param(..., label="Video", help="Its sound is kept.", widget="video")

    @property
    def info(self) -> VideoInfo:
        return video_info(self.video, self.settings)

    @property
    def rate(self) -> Fraction:
        return exact_rate(self.info)

    @property
    def video_size(self) -> tuple[int, int]:
        return even_size(self.info)


def exact_rate(info: VideoInfo) -> Fraction:
    """Returns the exact frame rate, such as 30000/1001, for a rate that time stamps have rounded."""
    return Fraction(info.fps).limit_denominator(1001)


def even_size(info: VideoInfo) -> tuple[int, int]:
    """Width and height rounded down to even numbers, as H.264 needs them."""
    return max(info.width // 2 * 2, 2), max(info.height // 2 * 2, 2)


def prepare_video(params: VideoParams, preparer: Preparer) -> PreparedFiles:
    return {"video": whole_video(params.video, params.info, preparer)}


def whole_video(file: Path, info: VideoInfo, preparer: Preparer) -> str:
    """The name of a video that was prepared with all its frames, at its own rate and size."""
    return preparer.video(file, fps=exact_rate(info), frames=info.frames, size=even_size(info))


def slices(params: VideoParams, length: int, shared: int = 0) -> Iterator[tuple[int, list[Change]]]:
    """Cuts the video into pieces of at most `length` frames that begin with the last `shared` of the piece before.

    Yields the number of frames of each piece and the changes that cut it out. Both ends are a quarter of a frame early,
    so that rounding cannot lose a frame.
    """
    first, frames = 0, params.info.frames
    while first < frames - shared or not first:
        count = min(length, frames - first)
        start = max(0, float((first - Fraction(1, 4)) / params.rate))
        end = float((first + count - Fraction(1, 4)) / params.rate)
        yield count, [Patch("piece", "start_time", start), Patch("piece", "duration", end - start)]
        first += count - shared


def joined(rate: Callable[[Any], Fraction], every: Callable[[Any], Fraction] = lambda _: Fraction(1)) -> JoinPieces:
    """How pieces are joined for parameters with a video: at `rate` frames per second, taking every `every`-th frame."""

    def write(
        params: Any, prepared: Mapping[str, Path], pieces: Sequence[Path], target: Path, stopped: Callable[[], bool]
    ) -> None:
        sound = prepared["video"] if params.info.audio else None
        join(
            pieces,
            target,
            rate=rate(params),
            every=every(params),
            sound=sound,
            repeatable=params.settings.repeatable_video,
            stopped=stopped,
        )

    return write
