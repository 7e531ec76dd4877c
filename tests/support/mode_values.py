"""Values for every parameter of every mode: the mode's own example, and another value than the default."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import modes
from modes import Mode
from modes.media_info import MEDIA
from modes.mode import EXAMPLES

GIVEN: dict[str, Any] = {"prompt": "a red kite", "seed": 5}
EVERY_MODE = list(modes.MODES.values())
WAN_LORA = "wan2.2_t2v_lightx2v_4steps_lora_v1.1_{}_noise.safetensors"

# For each parameter a value other than its default, and what has to be chosen for it to matter.
OTHER: dict[str, Any] = {
    "prompt": "a blue kite",
    "negative_prompt": "rain",
    "preset": "quality",
    "aspect": "1:1",
    "resolution": None,  # the next larger one
    "seconds": 1.6,
    "fps": 30,
    "seed": 6,
    "sound": False,
    "width": 640,
    "height": 640,
    "steps": 6,
    "shift": 2.0,
    "lora_pairs": [f"{WAN_LORA.format('high')}+{WAN_LORA.format('low')}:0.5"],
    "cfg": 3.0,
    "second_stage": "off",
    "tile_size": 512,
    "camera": "jib up",
    "camera_strength": 0.5,
    "detailer": 0.5,
    "loras": [{"file": "ltx-2-19b-ic-lora-detailer.safetensors", "strength": -1}],
    "fit": "pad",
    "start": 0.2,
    "image": EXAMPLES / "second.png",
    "first_image": EXAMPLES / "portrait.png",
    "last_image": EXAMPLES / "portrait.png",
    "sheet": EXAMPLES / "second.png",
    "audio": EXAMPLES / "music.wav",
    "video": None,  # another cut of the same clip, see `other`
    "image_strength": 0.3,
    "first_strength": 0.3,
    "last_strength": 0.3,
    "transition_strength": 0.5,
    "voice_strength": 0.5,
    "voice_guidance": 0.0,
    "reference_strength": 0.5,
    "lora_strength": 0.5,
    "control": "depth",
    "keep_sound": False,
    "count": 2,
    "denoise": 0.5,
    "feather": 20,
    "invert": True,
    "mask": None,
    "second_image": EXAMPLES / "second.png",
    "third_image": EXAMPLES / "second.png",
    "scale": "2",
    "factor": "4x",
    "stages": ["dawn", "1.5:dusk"],
    "overlap": "9",
    "graph": (EXAMPLES / "graph.json").read_text(encoding="utf-8").replace("dawn", "dusk"),
}
NEEDS = {
    "camera_strength": {"camera": "static"},
    "fit": {"aspect": "1:1"},
    **{f"upscale/{name}": {"preset": "quality"} for name in ("prompt", "denoise", "steps", "seed")},
    "interpolate/fps": {"factor": "frame rate"},
}
# What files change in a user's graph depends on that graph: see test_graph_mode.py.
ELSEWHERE = {("graph", each.name) for each in modes.get("graph").parameters() if each.widget in MEDIA}
EVERY_PARAMETER = [
    (mode, name) for mode in EVERY_MODE for name in mode.params.model_fields if (mode.id, name) not in ELSEWHERE
]


def modes_by_sizes(family: Sequence[Mode], all_sizes: str, sizes: Sequence[tuple[float, ...]]) -> list[Any]:
    """Parameters: every mode in every size. The first ring has the mode `all_sizes` in each, and each other in one."""
    found = []
    for row, mode in enumerate(family):
        for column, size in enumerate(sizes):
            first_ring = mode.id == all_sizes or row % len(sizes) == column
            marks = [] if first_ring else [pytest.mark.everything]
            found.append(pytest.param(mode, *size, id=f"{mode.id}-{size}", marks=marks))
    return found


def given(mode: Mode) -> dict[str, Any]:
    """The mode's own first example, small enough to be prepared in no time."""
    smallest = {each.name: each.choices[0] for each in mode.parameters() if each.name == "resolution"}
    known = {name: value for name, value in GIVEN.items() if name in mode.params.model_fields}
    return {**mode.examples[0].values, **known, **smallest}


def ways(mode: Mode) -> list[dict[str, Any]]:
    """One for each preset; one for a mode that has none."""
    return [{"preset": preset.id} for preset in mode.presets] or [{}]


def other(mode: Mode, name: str, folder: Path) -> Any:
    if name == "video":
        copy = folder / "other.mp4"
        copy.write_bytes((EXAMPLES / "clip.mp4").read_bytes() + bytes(8))  # another file as far as content goes
        return copy
    if name == "resolution":
        return next(each.choices[1] for each in mode.parameters() if each.name == name)
    if name == "aspect":
        return "1:1" if mode.defaults()["aspect"] != "1:1" else "3:4"
    if name == "mask":
        inverted = folder / "mask.png"
        with Image.open(EXAMPLES / "mask.png") as image:
            image.point(lambda value: 255 - value).save(inverted)
        return inverted
    if name == "audio" and mode.id == "a2v":
        return EXAMPLES / "speech.wav"
    if name == "preset":
        return next(preset.id for preset in reversed(mode.presets) if preset.id != mode.defaults()["preset"])
    return OTHER[name]
