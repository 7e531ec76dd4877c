"""Every Wan mode on demo models, read from the file written: it is what was announced and obeys its inputs."""

from pathlib import Path
from typing import Any

import pytest
from support import clips, runs
from support.mode_values import modes_by_sizes

import modes
from events import Output
from jobs import CallerQueue, TaskDetail
from media import Preparer
from modes import Mode
from modes.mode import EXAMPLES
from modes.wan import WAN_MODES

SMALL = {"seed": 7, "width": 192, "height": 128, "seconds": 0.5}
HIGH, LOW = (f"wan2.2_t2v_lightx2v_4steps_lora_v1.1_{noise}_noise.safetensors" for noise in ("high", "low"))


def values(mode: Mode, **changed: Any) -> dict[str, Any]:
    one = {"stages": ["dawn over the lake"]} if "stages" in mode.params.model_fields else {}  # see test_long_video
    return {**mode.examples[0].values, **SMALL, **one, **changed}


def run(queue: CallerQueue, mode: Mode, **changed: Any) -> tuple[TaskDetail, clips.Clip]:
    task = runs.submit(queue, mode.id, values(mode, **changed))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    return task, clips.read(last.files[0])


SIZES = [(192, 128, 0.5, 16), (200, 150, 0.37, 24), (131, 257, 1.1, 8)]


@pytest.mark.parametrize(("mode", "width", "height", "seconds", "fps"), modes_by_sizes(WAN_MODES, "wan_t2v", SIZES))
def test_the_file_is_what_was_announced(
    queue: CallerQueue, mode: Mode, width: int, height: int, seconds: float, fps: int
) -> None:
    changed = {"width": width, "height": height, "seconds": seconds, "fps": fps, "steps": 2, "preset": "fast"}
    task = runs.submit(queue, mode.id, values(mode, **changed))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    told, facts = runs.announced(task), clips.facts(last.files[0])
    assert (facts.width, facts.height, facts.frames, facts.fps) == (told.width, told.height, told.frames, told.fps)
    assert facts.frames % 4 == 1
    assert not told.sound
    assert clips.read(last.files[0]).codecs == ("h264",)


@pytest.mark.parametrize(
    ("mode_id", "frame", "name"),
    [("wan_i2v", 0, "image"), ("wan_flf2v", 0, "first_image"), ("wan_flf2v", -1, "last_image"), ("wan_5b", 0, "image")],
)
def test_the_image_given_is_the_frame_in_its_place(queue: CallerQueue, mode_id: str, frame: int, name: str) -> None:
    mode = modes.get(mode_id)
    _, clip = run(queue, mode, width=256, height=256, seconds=1)
    preparer = Preparer(queue.settings)

    def given(file: Any) -> Any:
        return clips.picture(queue.settings.inputs_dir / preparer.image(Path(str(file)), size=(256, 256)))

    wanted, other = given(mode.examples[0].values[name]), given(EXAMPLES / "sheet.png")
    assert clips.psnr(clip.pictures[frame], wanted) > 14
    assert clips.psnr(clip.pictures[frame], wanted) > clips.psnr(clip.pictures[frame], other) + 3


@pytest.mark.parametrize(
    ("mode_id", "name", "file"),
    [
        ("wan_i2v", "image", "portrait.png"),
        ("wan_flf2v", "first_image", "portrait.png"),
        ("wan_flf2v", "last_image", "portrait.png"),
        ("wan_5b", "image", "portrait.png"),
    ],
)
def test_another_input_makes_another_clip(queue: CallerQueue, mode_id: str, name: str, file: str) -> None:
    mode = modes.get(mode_id)
    _, before = run(queue, mode)
    _, after = run(queue, mode, **{name: EXAMPLES / file})
    assert clips.difference(before.pictures, after.pictures) > 3


FIRST_RING = ("wan_t2v", "wan_5b")  # one of each kind of model


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, id=mode.id, marks=[] if mode.id in FIRST_RING else pytest.mark.everything)
        for mode in WAN_MODES
    ],
)
def test_prompt_seed_and_preset_change_the_clip(queue: CallerQueue, mode: Mode) -> None:
    _, plain = run(queue, mode)
    for changed in ({"prompt": "a purple night in winter"}, {"seed": 8}, {"preset": "quality", "cfg": 2}):
        assert clips.difference(plain.pictures, run(queue, mode, **changed)[1].pictures) > 0.3, changed


def test_the_5b_model_works_without_an_image(queue: CallerQueue) -> None:
    mode = modes.get("wan_5b")
    _, with_image = run(queue, mode)
    task, without = run(queue, mode, image=None)
    assert "load_image" not in task.graph
    assert clips.difference(with_image.pictures, without.pictures) > 3


@pytest.mark.parametrize("pair", [{"file": HIGH}, {"low": LOW}], ids=["high", "low"])
def test_a_lora_of_either_expert_changes_the_clip(queue: CallerQueue, pair: dict[str, str]) -> None:
    mode = modes.get("wan_t2v")
    _, without = run(queue, mode)
    task, with_lora = run(queue, mode, lora_pairs=[{**pair, "strength": 1.5}])
    assert ("high_lora_1" in task.graph, "low_lora_1" in task.graph) == ("file" in pair, "low" in pair)
    assert clips.difference(without.pictures, with_lora.pictures) > 0.3
