"""Modes in which an IC-LoRA follows a reference: restyle by a control video, and a sheet of things to show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from media import Preparer, VideoInfo
from modes.base import Mode, PreparedFiles, param
from modes.common import (
    EXAMPLES,
    Aspect,
    Fit,
    InputAspect,
    aspect_of_input,
    example,
    fitting,
    length,
    start_in,
    strength,
)
from modes.ltx.common import MIN_FRAMES, frames_within, sound_seconds
from modes.ltx.passes import ONE_PASS_PRESETS, PHASES_ONE_PASS, OnePassParams, ksampler_one_pass, new_sound
from modes.media_info import video_info
from modes.messages import at_field
from workflow import Change, Patch


class ReferenceParams(OnePassParams):
    """How closely the reference is followed."""

    reference_strength: float = strength(1.0, "Reference strength", "How closely it is followed.", most=1)
    lora_strength: float = strength(1.0, "Reference LoRA strength", "1 is as it was trained.")


class RestyleParams(ReferenceParams):
    video: Path = param(..., label="Video", help="Whose movement the clip follows.", widget="video")
    image: Path | None = param(
        None, label="Style image", help="Optional: the first frame in the new style.", widget="image"
    )
    control: Literal["depth", "canny", "pose"] = param(
        "depth", label="Follow", help="What is taken from the video: depth, edges or people's poses.", widget="choice"
    )
    keep_sound: bool = param(True, label="Original sound", help="Off: the model makes a new one.", widget="switch")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("video")
    start: float = start_in("video")
    seconds: float | None = length(None, "Empty: as long as the video.")
    fps: int | None = param(
        None, label="Frame rate", help="Empty: as the video.", widget="number", unit="fps", ge=8, le=60
    )

    @model_validator(mode="after")
    def _video_is_long_enough(self) -> Self:
        shortest = MIN_FRAMES / self.frame_rate
        if self._info.seconds - self.start < shortest:
            raise at_field("video", f"Video must be at least {shortest:.2f} s long after its start.")
        return self

    @property
    def size_step(self) -> int:
        return 64  # the union control LoRA takes its reference at half size

    @property
    def _info(self) -> VideoInfo:
        return video_info(self.video, self.settings)

    @property
    def frame_rate(self) -> int:
        return self.fps or min(60, max(8, round(self._info.fps)))

    @property
    def frames(self) -> int:
        """Never more than the video has: the guide may not be longer than the clip, nor end before it."""
        left = self._info.seconds - self.start
        return frames_within(left if self.seconds is None else min(self.seconds, left), self.frame_rate)

    @property
    def input_size(self) -> tuple[int, int] | None:
        return self._info.width, self._info.height

    @property
    def has_sound(self) -> bool:
        return self.sound and (self._info.audio or not self.keep_sound)

    @property
    def notes(self) -> dict[str, str]:
        notes = super().notes
        if not self._info.audio and self.keep_sound:
            notes["keep_sound"] = "The video has no sound. Off: the model makes one."
        return notes


class ReferenceSheetParams(ReferenceParams):
    sheet: Path = param(..., label="Reference sheet", help="One image with all that should appear.", widget="image")
    aspect: Aspect = param("16:9", label="Aspect", help="Width to height.", widget="choice")


def restyle(params: RestyleParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("load_video", "file", prepared["video"])
    yield Patch("trim_video", "start_time", 0.0)
    for node in ("trim_video", "trim_audio", "silence"):
        yield Patch(node, "duration", sound_seconds(params.frames, params.frame_rate))
    yield Patch("control_frames", "length", params.frames)
    yield Patch("resize_control", "resize_type.width", width)
    yield Patch("resize_control", "resize_type.height", height)
    if params.control == "pose":  # found and drawn no larger than the clip: at 1024 it takes seconds a frame on a CPU
        longer = min(1024, max(width, height))
        yield Patch("enlarge_control", "resize_type.longer_size", longer)
        yield Patch("control", "stick_width", max(1, round(4 * longer / 1024)))
    if params.image is None:
        yield Patch("guide", "latent", ("video_latent", 0))
    else:
        yield Patch("load_image", "image", prepared["image"])
    if not params.keep_sound:
        yield from new_sound(params)
        yield Patch("av_latent", "audio_latent", ("audio_latent", 0))
        yield Patch("create_video", "audio", ("decode_audio", 0))
    yield from _reference(params)
    yield from ksampler_one_pass(params, seed)


def reference_sheet(params: ReferenceSheetParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("load_sheet", "image", prepared["sheet"])
    yield Patch("repeat_sheet", "amount", params.frames)
    yield Patch("resize_sheet", "target_width", width)
    yield Patch("resize_sheet", "target_height", height)
    yield from _reference(params)
    yield from new_sound(params)
    yield from ksampler_one_pass(params, seed)


def _reference(params: ReferenceParams) -> Iterator[Change]:
    yield Patch("guide", "strength", params.reference_strength)
    yield Patch("ic_lora", "strength_model", params.lora_strength)


def prepare_restyle(params: Any, preparer: Preparer) -> PreparedFiles:
    video = preparer.video(
        params.video,
        fps=params.frame_rate,
        start=params.start,
        size=params.size,
        fit=params.fit,
        frames=params.frames,
    )
    if params.image is None:
        return {"video": video}
    return {"video": video, "image": preparer.image(params.image, size=params.size, fit=params.fit)}


RESTYLE = Mode(
    id="restyle",
    label="Restyle",
    group="LTX-2.3",
    summary="A new look for a video's movement, by its depth, edges or poses.",
    workflow=lambda params: f"restyle_{params.control}",
    params=RestyleParams,
    presets=ONE_PASS_PRESETS,
    phases={
        "Load models": (*PHASES_ONE_PASS["Load models"], "ic_lora", "depth_model", "pose_model"),
        "Read the prompt": PHASES_ONE_PASS["Read the prompt"],
        "Read the video": ("load_video", "video_frames", "resize_control"),
        "Find the control": ("estimate_depth", "estimate_pose", "control", "guide"),
        **{label: nodes for label, nodes in PHASES_ONE_PASS.items() if label != "Load models"},
    },
    parameterize=restyle,
    prepare_inputs=prepare_restyle,
    examples=(
        example(
            "Moving ball",
            prompt="A blue ball in the fog",
            video=EXAMPLES / "clip.mp4",
            control="canny",
        ),
    ),
)

REFERENCE_SHEET = Mode(
    id="sheet",
    label="Reference sheet",
    group="LTX-2.3",
    summary="A clip with the people and things of one sheet.",
    workflow=lambda _: "ingredients",
    params=ReferenceSheetParams,
    presets=ONE_PASS_PRESETS,
    phases={
        "Load models": (*PHASES_ONE_PASS["Load models"], "ic_lora"),
        "Read the prompt": PHASES_ONE_PASS["Read the prompt"],
        "Encode the sheet": ("load_sheet", "resize_sheet", "guide"),
        **{label: nodes for label, nodes in PHASES_ONE_PASS.items() if label != "Load models"},
    },
    parameterize=reference_sheet,
    prepare_inputs=lambda params, preparer: {"sheet": preparer.image(params.sheet)},
    examples=(example("Sheet", prompt="They meet in the park and shake hands", sheet=EXAMPLES / "sheet.png"),),
)
