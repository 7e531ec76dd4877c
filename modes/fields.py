"""Fields that modes of several families declare in the same way: sizes, lengths, strengths, seeds, LoRAs."""

from typing import Any, Literal

from constants import MAX_SEED
from modes.lists import MAX_PROMPT
from modes.params import param

Aspect = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
InputAspect = Literal["as the input", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
Resolution = Literal["256p", "480p", "720p", "1080p"]
Side = Literal["256", "512", "768", "1024", "1536", "2048"]
Fit = Literal["crop", "pad"]


def prompt_field(help: str, *, label: str = "Prompt", default: str = "", required: bool = True) -> Any:
    least = 1 if required else None
    return param(default, label=label, help=help, widget="prompt", min_length=least, max_length=MAX_PROMPT)


def negative_prompt_field(help: str, default: str = "") -> Any:
    return prompt_field(help, label="Negative prompt", default=default, required=False)


def preset_field(default: str) -> Any:
    return param(default, label="Preset", help="Trades speed for quality.", widget="presets")


def image_field(label: str, help: str, *, required: bool = True) -> Any:
    return param(... if required else None, label=label, help=help, widget="image")


def strength(default: float | None, label: str, help: str, most: float = 2.0) -> Any:
    """How strong an effect is. At 0 it has none, and at 1 it acts as it was trained."""
    return param(default, label=label, help=help, widget="number", advanced=True, ge=0, le=most, allow_inf_nan=False)


def denoise_field(default: float, help: str) -> Any:
    """The part of the noise schedule that an image runs through. At 1 nothing of the image is kept."""
    limits = {"ge": 0.05, "le": 1, "allow_inf_nan": False}
    return param(default, label="Strength of change", help=help, widget="number", **limits)


def pixels(default: int | None, label: str, help: str) -> Any:
    return param(default, label=label, help=help, widget="number", unit="px", advanced=True, ge=128, le=4096)


def length(default: float | None, help: str, demo: float | None = None, most: float = 40) -> Any:
    """The clip's length in seconds; None where an input's own length is the default."""
    limits = {"ge": 0.2, "le": most, "allow_inf_nan": False}
    return param(default, label="Length", help=help, widget="number", unit="s", demo=demo, **limits)


def frames_per_second(default: int | None, help: str = "Frames per second.") -> Any:
    return param(default, label="Frame rate", help=help, widget="number", unit="fps", ge=8, le=60)


def start_in(what: str) -> Any:
    """Declares where to begin in a sound or video, in seconds."""
    limits = {"ge": 0, "le": 36_000, "allow_inf_nan": False}
    label, help = f"Start in the {what}", f"Where to begin in the {what}."
    return param(0.0, label=label, help=help, widget="number", unit="s", advanced=True, **limits)


def fitting(what: str) -> Any:
    """What to do where the aspects of input and result differ."""
    help = f"What to do if the aspect differs: crop the {what}, or pad with bars."
    return param("crop", label="Fit", help=help, widget="choice", advanced=True)


def aspect_field(default: str) -> Any:
    return param(default, label="Aspect", help="The ratio of width to height.", widget="choice")


def aspect_of_input() -> Any:
    return aspect_field("as the input")


def number_of_steps(help: str, least: int = 1) -> Any:
    return param(None, label="Steps", help=help, widget="number", advanced=True, ge=least, le=100)


def guidance(help: str) -> Any:
    """The scale of classifier-free guidance; None for the preset's own."""
    limits = {"ge": 1, "le": 20, "allow_inf_nan": False}
    return param(None, label="Guidance (cfg)", help=help, widget="number", advanced=True, **limits)


def shift_field(own: str = "the model's own value") -> Any:
    """How far the noise schedule is shifted towards its noisy end."""
    help = f"Higher: more steps for the composition, fewer for detail. Empty: {own}."
    return strength(None, "Shift", help, most=20)


def loras_field() -> Any:
    help = "Files from the loras folder, applied in this order."
    return param((), label="LoRAs", help=help, widget="loras", max_length=8)


def seed_field(help: str = "Empty: a new seed for each generation.", **more: Any) -> Any:
    return param(None, label="Seed", help=help, widget="seed", ge=0, le=MAX_SEED, **more)
