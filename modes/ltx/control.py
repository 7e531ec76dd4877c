"""Modes in which an IC-LoRA follows a reference: a control video (restyle), or a sheet of things to show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from media import Preparer, VideoInfo
from modes.fields import (
    Aspect,
    Fit,
    InputAspect,
    aspect_field,
    aspect_of_input,
    fitting,
    frames_per_second,
    image_field,
    length,
    start_in,
    strength,
)
from modes.ltx.common import MIN_FRAMES, frames_within, sound_seconds
from modes.ltx.passes import ONE_PASS_PRESETS, PHASES_ONE_PASS, OnePassParams, ksampler_one_pass, new_sound
from modes.media_info import video_info
from modes.messages import at_field
from modes.mode import EXAMPLES, Mode, PreparedFiles, example
from modes.params import param
from workflow import Change, Patch


class ReferenceParams(OnePassParams):
    """How strongly the reference acts."""

    reference_strength: float = strength(
        1.0, "Reference strength", "How closely the clip follows the reference.", most=1
    )
    lora_strength: float = strength(1.0, "Reference LoRA strength", "At 1, the LoRA acts as it was trained.")


class RestyleParams(ReferenceParams):
    video: Path = param(..., label="Video", help="The clip follows its movement.", widget="video")
    image: Path | None = image_field("Style image", "Optional: the first frame in the new style.", required=False)
    control: Literal["depth", "canny", "pose"] = param(
        "depth", label="Follow", help="What is taken from the video: depth, edges or people's poses.", widget="choice"
    )
    keep_sound: bool = param(True, label="Original sound", help="Off: the model makes a new sound.", widget="switch")
    aspect: InputAspect = aspect_of_input()
    fit: Fit = fitting("video")
    start: float = start_in("video")
    seconds: float | None = length(None, "Empty: as long as the video.")
    fps: int | None = frames_per_second(None, "Empty: the same as the video's.")

    @model_validator(mode="after")
    def _video_is_long_enough(self) -> Self:
        shortest = MIN_FRAMES / self.frame_rate
        if self._info.seconds - self.start < shortest:
            raise at_field("video", f"Video must last at least {shortest:.2f} s after the start.")
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
        """Never more frames than the video has, because the guide has to be exactly as long as the clip."""
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
            notes["keep_sound"] = "The video has no sound. Turn this off, and the model makes one."
        return notes


class ReferenceSheetParams(ReferenceParams):
    sheet: Path = image_field("Reference sheet", "One image that shows everything that should appear.")
    aspect: Aspect = aspect_field("16:9")


def restyle(params: RestyleParams, seed: int, prepared: PreparedFiles) -> Iterator[Change]:
    width, height = params.size
    yield Patch("load_video", "file", prepared["video"])
    yield Patch("trim_video", "start_time", 0.0)
    for node in ("trim_video", "trim_audio", "silence"):
        yield Patch(node, "duration", sound_seconds(params.frames, params.frame_rate))
    yield Patch("control_frames", "length", params.frames)
    yield Patch("resize_control", "resize_type.width", width)
    yield Patch("resize_control", "resize_type.height", height)
    if params.control == "pose":  # no larger than the clip: at 1024, a frame takes seconds on a CPU
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
    summary="A new look for a video: the clip follows its depth, edges or poses.",
    template=lambda params: f"restyle_{params.control}",
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
    summary="A clip with the people and things on a reference sheet.",
    template="ingredients",
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
