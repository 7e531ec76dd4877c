"""What all LTX-2.3 modes share: their parameters, and sizes and lengths that the model really makes."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from media import Staging
from modes.base import Announcement, Example, Lora, Params, Staged, param, snap
from modes.inputs import image_info
from modes.messages import at_field
from settings import PROJECT

MAX_PROMPT = 10_000
MAX_SEED = 2**64 - 1
MAX_FRAMES = 993  # the longest 8n+1 that LTXVEmptyLatentAudio's limit of 1000 allows
MIN_FRAMES = 9
DEFAULT_FPS = 25

EXAMPLES = PROJECT / "examples"

Aspect = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
InputAspect = Literal["as the input", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
Resolution = Literal["256p", "480p", "720p", "1080p"]
Camera = Literal["free", "static", "dolly in", "dolly out", "dolly left", "dolly right", "jib up", "jib down"]
Fit = Literal["crop", "pad"]


def strength(default: float | None, label: str, help: str, most: float = 2.0) -> Any:
    """How strongly something acts: 0 without, 1 as it was made."""
    return param(default, label=label, help=help, widget="number", advanced=True, ge=0, le=most, allow_inf_nan=False)


def pixels(default: int | None, label: str, help: str) -> Any:
    return param(default, label=label, help=help, widget="number", unit="px", advanced=True, ge=128, le=4096)


def length(default: float | None, help: str, demo: float | None = None) -> Any:
    """Of the clip in seconds; None where an input's own length is the default."""
    limits = {"ge": 0.2, "le": 40, "allow_inf_nan": False}
    return param(default, label="Length", help=help, widget="number", unit="s", demo=demo, **limits)


def start_in(what: str) -> Any:
    """Where to begin in a sound or video, in seconds."""
    limits = {"ge": 0, "le": 36_000, "allow_inf_nan": False}
    label = f"Start in the {what}"
    return param(0.0, label=label, help="Where to begin.", widget="number", unit="s", advanced=True, **limits)


def fitting(what: str) -> Any:
    """What to do where the aspects of input and clip differ."""
    help = f"Where the aspect differs: crop the {what}, or pad it."
    return param("crop", label="Fit", help=help, widget="choice", advanced=True)


def aspect_of_input() -> Any:
    return param("as the input", label="Aspect", help="Width to height.", widget="choice")


class LtxParams(Params):
    """Prompt, size, length, seed and LoRAs. A mode's own class adds its inputs and its way to sample."""

    prompt: str = param(
        "",
        label="Prompt",
        help="What is seen and heard, and how the camera moves.",
        widget="prompt",
        min_length=1,
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = param(
        "pc game, console game, video game, cartoon, childish, ugly",
        label="Negative prompt",
        help="What to keep out of the clip.",
        widget="prompt",
        max_length=MAX_PROMPT,
    )
    aspect: Any = param("16:9", label="Aspect", help="Width to height.", widget="choice")
    resolution: Resolution = param(
        "720p", label="Resolution", help="The short side in pixels.", widget="choice", demo="256p"
    )
    seconds: float | None = length(5.0, "How long the clip is.", demo=1.0)
    fps: int | None = param(
        DEFAULT_FPS, label="Frame rate", help="Frames per second.", widget="number", unit="fps", ge=8, le=60
    )
    seed: int | None = param(None, label="Seed", help="Empty: a new one each time.", widget="seed", ge=0, le=MAX_SEED)
    camera: Camera = param("free", label="Camera", help="A movement, by a LoRA of its own.", widget="choice")
    camera_strength: float = strength(1.0, "Camera strength", "Of the movement chosen above.")
    detailer: float = strength(0.0, "Detailer", "Strength of the detail LoRA. 0: without it.")
    loras: tuple[Lora, ...] = param(
        (), label="LoRAs", help="From the loras folder, in this order.", widget="loras", max_length=8
    )
    width: int | None = pixels(None, "Exact width", "Instead of aspect and resolution.")
    height: int | None = pixels(None, "Exact height", "Instead of aspect and resolution.")
    tile_size: int = pixels(768, "Decode tile", "Smaller tiles need less memory and take longer.")

    @model_validator(mode="after")
    def _prompt_says_something(self) -> Self:
        if not self.prompt.strip():
            raise at_field("prompt", "Prompt is empty.")
        return self

    @model_validator(mode="after")
    def _length_is_possible(self) -> Self:
        if self.frames > MAX_FRAMES:
            longest = MAX_FRAMES / self.frame_rate
            text = f"Length must be at most {longest:.1f} s at {self.frame_rate} fps ({MAX_FRAMES} frames)."
            raise at_field("seconds", text)
        return self

    @property
    def frame_rate(self) -> int:
        return self.fps or DEFAULT_FPS

    @property
    def frames(self) -> int:
        """The number nearest to the length asked for which the video VAE can make: 8n+1, at least 9."""
        return frames_of(self.seconds or 0, self.frame_rate)

    @property
    def size_step(self) -> int:
        """Width and height are multiples of it: 32 pixels are one latent."""
        return 32

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Width and height of the picture whose aspect the clip may take; None where there is none."""
        return None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the clip in pixels."""
        if self.aspect == "as the input" and self.input_size:
            ratio = Fraction(*self.input_size)
        else:
            horizontal, vertical = (self.aspect if ":" in self.aspect else "16:9").split(":")
            ratio = Fraction(int(horizontal), int(vertical))
        short = int(self.resolution.removesuffix("p"))
        width = self.width or short * max(ratio, 1)
        height = self.height or short / min(ratio, 1)
        return snap(float(width), self.size_step), snap(float(height), self.size_step)

    def announce(self) -> Announcement:
        return Announcement(*self.size, self.frames, self.frame_rate, self.has_sound, self.notes)

    @property
    def has_sound(self) -> bool:
        return True

    @property
    def notes(self) -> dict[str, str]:
        """What a person should know of a choice, by parameter."""
        notes = {}
        if self.guidance == 1:
            notes["negative_prompt"] = "No effect at guidance 1. Quality, or more guidance, makes it work."
        if self.camera == "free":
            notes["camera_strength"] = "No effect while the camera is free."
        if self.width and self.height:
            notes["aspect"] = notes["resolution"] = "No effect: the exact width and height are given."
        return notes

    @property
    def guidance(self) -> float:
        """The cfg of the first pass."""
        raise NotImplementedError


def frames_of(seconds: float, fps: int) -> int:
    """The 8n+1 frames nearest to a length."""
    return snap(seconds * fps, 8) + 1


def frames_within(seconds: float, fps: int) -> int:
    """The most 8n+1 frames that are not longer than what they have to go with, at least 9."""
    return max(MIN_FRAMES, (int(seconds * fps + 1e-6) - 1) // 8 * 8 + 1)


def sound_seconds(frames: int, fps: int) -> float:
    """Seconds of sound to give the audio encoder so that it keeps what belongs to the frames where it is.

    It encodes whole blocks of 4096 samples at 44.1 kHz, taken from the middle (comfy/ldm/lightricks/vae/audio_vae.py).
    """
    blocks = math.ceil(frames / fps * 44_100 / 4096)
    return blocks * 4096 / 44_100 + 0.0002


def sound_frames(frames: int, fps: int) -> int:
    """Frames to ask an empty audio latent for: with `frames` alone the sound may end 30 ms before the pictures."""
    return frames + math.ceil(0.03 * fps)


def sized_image(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    info = image_info(path)
    return info.width, info.height


def stage_image(params: Any, staging: Staging, *names: str) -> Staged:
    """Images at the clip's own size, cropped or padded as the form says."""
    paths = {name: getattr(params, name) for name in names}
    return {name: staging.image(path, size=params.size, fit=params.fit) for name, path in paths.items() if path}


def example(label: str, **values: Any) -> Example:
    return Example(label, values)
