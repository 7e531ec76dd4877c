"""Long videos in segments: each has its own prompt and starts from the last frames of the one before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import model_validator

from constants import MAX_SEED
from modes.bases import ClipMixin
from modes.fields import length, prompt_field
from modes.lists import Segment
from modes.messages import at_field
from modes.params import param
from workflow import Change, Clone, Insert, Patch

MAX_SEGMENTS = 12


def carried_over(choices: str) -> Any:
    """How many frames a segment takes from the one before it."""
    help = f"How many of a segment's last frames start the next one: {choices}. More of them keep a movement going."
    return param("1", label="Frames carried over", help=help, widget="choice", advanced=True)


class InSegments(ClipMixin):
    """Adds segments to a family's `ClipParams`. `frames` counts the whole video; `seconds` is a segment's length."""

    prompt: str = prompt_field(
        "Added to the prompt of each segment: the look, the people. Optional.",
        label="Prompt for all segments",
        required=False,
    )
    stages: tuple[Segment, ...] = param(
        ...,
        label="Segments",
        help="Each segment starts from the end of the one before; the first one starts from the image.",
        widget="stages",
        min_length=1,
        max_length=MAX_SEGMENTS,
    )
    seconds: float | None = length(5.0, "Length of each segment that does not set its own.", demo=1.0, most=20)
    overlap: Any = carried_over("1 or 9")

    @model_validator(mode="after")
    def _every_segment_is_possible(self) -> Self:
        for number, (segment, frames) in enumerate(zip(self.stages, self.segment_frames, strict=True), start=1):
            field = "stages" if segment.seconds else "seconds"
            if frames > self.max_segment_frames:
                longest = self.max_segment_frames / self.frame_rate
                raise at_field(field, f"Segment {number} must be at most {longest:.1f} s at {self.frame_rate} fps.")
            if number > 1 and frames <= int(self.overlap):
                least = (int(self.overlap) + 1) / self.frame_rate
                text = f"Segment {number} must be longer than the frames carried over: at least {least:.1f} s."
                raise at_field(field, text)
        return self

    @property
    def max_segment_frames(self) -> int:
        raise NotImplementedError

    @property
    def max_frames(self) -> int:
        """The most that all segments together can have; each one is limited by itself."""
        return MAX_SEGMENTS * self.max_segment_frames

    @property
    def segment_frames(self) -> list[int]:
        """The frames of each segment, with those that it takes from the one before."""
        return [self.frames_of(segment.seconds or self.seconds or 0) for segment in self.stages]

    @property
    def frames(self) -> int:
        return sum(self.segment_frames) - int(self.overlap) * (len(self.stages) - 1)

    def segment_prompt(self, segment: Segment) -> str:
        return "\n".join(filter(None, (self.prompt.strip(), segment.prompt)))

    def segment_seed(self, index: int, seed: int) -> int:
        """The segment's own seed, or the run's plus its index, so that it does not depend on the other segments."""
        own = self.stages[index].seed
        return own if own is not None else (seed + index) % (MAX_SEED + 1)


@dataclass(frozen=True, slots=True)
class SegmentNodes:
    """The nodes of a family's template for one clip that make each segment a clip of its own.

    `roots` are the nodes that differ from segment to segment; `image` is the input that takes the first image.
    `lengths` are the inputs that take the number of frames, and `seeds` those that take the seed, each with a number
    that is added.
    """

    roots: Sequence[str]
    image: tuple[str, str]
    lengths: Sequence[tuple[str, str, int]]  # node, input, added to the frames
    seeds: Sequence[tuple[str, str, int]]  # node, input, added to the seed


def suffix(number: int) -> str:
    """The ending of the node ids of a segment, counted from 1."""
    return f"_{number}" if number > 1 else ""


def labels(nodes: Sequence[str]) -> dict[str, Sequence[str]]:
    """A phase of the run for each segment, with the copies of these nodes."""
    return {
        f"Segment {number}": [*(f"{node}{suffix(number)}" for node in nodes), f"stage_{number}"]
        for number in range(1, MAX_SEGMENTS + 1)
    }


def in_segments(params: InSegments, seed: int, nodes: SegmentNodes) -> Iterator[Change]:
    """Turns a graph for one clip into one for several that continue each other. It must come after all other changes.

    Where there are several segments, each is also saved as a file of its own.
    """
    count, overlap, rate = len(params.stages), int(params.overlap), params.frame_rate
    for number in range(2, count + 1):
        yield Clone(nodes.roots, ("create_video",), suffix(number))
    images: list[tuple[str, int]] = []
    sounds: list[tuple[str, int]] = []
    for index, (segment, frames) in enumerate(zip(params.stages, params.segment_frames, strict=True)):
        number, end = index + 1, suffix(index + 1)
        yield Patch(f"positive_prompt{end}", "text", params.segment_prompt(segment))
        for node, name, more in nodes.lengths:
            yield Patch(f"{node}{end}", name, frames + more)
        for node, name, more in nodes.seeds:
            yield Patch(f"{node}{end}", name, (params.segment_seed(index, seed) + more) % (MAX_SEED + 1))
        if index:
            before = (f"decode_video{suffix(index)}", 0)
            taken = {"image": before, "batch_index": params.segment_frames[index - 1] - overlap, "length": overlap}
            yield Insert(f"last_frames_{index}", "ImageFromBatch", taken)
            yield Patch(f"{nodes.image[0]}{end}", nodes.image[1], (f"last_frames_{index}", 0))
        yield from _saved_alone(number, params) if count > 1 else ()
        again = overlap if index else 0
        images.append((f"decode_video{end}", 0))
        if again:
            new = {"image": images[-1], "batch_index": again, "length": frames - again}
            yield Insert(f"new_frames_{number}", "ImageFromBatch", new)
            images[-1] = (f"new_frames_{number}", 0)
        if params.has_sound:
            cut = {
                "audio": (f"decode_audio{end}", 0),
                "start_index": again / rate,
                "duration": (frames - again) / rate,
            }
            yield Insert(f"new_sound_{number}", "TrimAudioDuration", cut)
            sounds.append((f"new_sound_{number}", 0))
    if count > 1:
        yield Insert("join", "BatchImagesNode", {f"images.image{index}": each for index, each in enumerate(images)})
        yield Patch("create_video", "images", ("join", 0))
    if sounds:
        joined = sounds[0]
        for number, sound in enumerate(sounds[1:], start=2):
            yield Insert(
                f"join_sound_{number}", "AudioConcat", {"audio1": joined, "audio2": sound, "direction": "after"}
            )
            joined = (f"join_sound_{number}", 0)
        yield Patch("create_video", "audio", joined)


def _saved_alone(number: int, params: InSegments) -> Iterator[Change]:
    end = suffix(number)
    video: dict[str, Any] = {"images": (f"decode_video{end}", 0), "fps": float(params.frame_rate), "bit_depth": 8}
    if params.has_sound:
        video["audio"] = (f"decode_audio{end}", 0)
    yield Insert(f"stage_{number}_video", "CreateVideo", video)
    file = {"video": (f"stage_{number}_video", 0), "filename_prefix": "", "format": "auto", "codec": "auto"}
    yield Insert(f"stage_{number}", "SaveVideo", file)
