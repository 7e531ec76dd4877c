"""Every LTX mode on demo models, decoded from the file written: it is what was announced and obeys its inputs."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from support import clips, runs

import modes
from events import Notice, Output
from jobs import CallerQueue, TaskDetail
from modes import Mode
from modes.ltx import LTX_MODES
from modes.mode import EXAMPLES

SMALL = {"prompt": "a red kite over the sea", "seed": 7, "width": 192, "height": 128, "seconds": 0.7, "steps": 2}
EVERY_MODE = list(LTX_MODES)


def values(mode: Mode, **changed: Any) -> dict[str, Any]:
    one = {"stages": ["dawn over the lake"]} if "stages" in mode.params.model_fields else {}  # see test_long_video
    return {**mode.examples[0].values, **SMALL, **one, **changed}


def run(queue: CallerQueue, mode: Mode, **changed: Any) -> tuple[TaskDetail, clips.Clip]:
    task = runs.submit(queue, mode.id, values(mode, **changed))
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    return task, clips.read(last.files[0])


@pytest.mark.parametrize(
    ("mode_id", "name", "file"),
    [
        ("transition", "last_image", "portrait.png"),
        ("sheet", "sheet", "portrait.png"),
        ("restyle", "image", "portrait.png"),
    ],
)
def test_another_input_makes_another_clip(queue: CallerQueue, mode_id: str, name: str, file: str) -> None:
    mode = modes.get(mode_id)
    _, before = run(queue, mode)
    _, after = run(queue, mode, **{name: EXAMPLES / file})
    assert clips.difference(before.pictures, after.pictures) > 0.5


def test_another_voice_makes_another_sound(queue: CallerQueue) -> None:
    tasks = [run(queue, modes.get("voice"), audio=EXAMPLES / file)[0] for file in ("speech.wav", "music.wav")]
    before, after = (clips.sound(queue.output_file(task.id, 0)) for task in tasks)
    assert np.abs(before - after).max() > 0.001


@pytest.mark.parametrize("mode_id", ["a2v", "lipsync"])
def test_the_sound_given_is_the_sound_in_the_file(queue: CallerQueue, mode_id: str) -> None:
    mode = modes.get(mode_id)
    task, _ = run(queue, mode)
    given = clips.sound(Path(str(mode.examples[0].values["audio"])))
    made = clips.sound(queue.output_file(task.id, 0))
    length = min(len(given), len(made), int((runs.announced(task).seconds or 0) * clips.SOUND_RATE))
    assert length > 0.5 * clips.SOUND_RATE
    assert np.corrcoef(given[:length], made[:length])[0, 1] > 0.95


def test_restyle_keeps_the_original_sound_or_makes_a_new_one(queue: CallerQueue) -> None:
    restyle = modes.get("restyle")
    original = clips.sound(EXAMPLES / "clip.mp4")
    tasks = [run(queue, restyle, seconds=1.6, keep_sound=keep)[0] for keep in (True, False)]
    kept, made = (clips.sound(queue.output_file(task.id, 0)) for task in tasks)
    length = min(len(original), len(kept), len(made))
    assert length > 1.2 * clips.SOUND_RATE  # the ball bounces, and beeps, after a second
    assert np.corrcoef(original[:length], kept[:length])[0, 1] > 0.9
    assert abs(np.corrcoef(original[:length], made[:length])[0, 1]) < 0.5


def test_restyle_makes_another_clip_of_each_control(queue: CallerQueue) -> None:
    made = [run(queue, modes.get("restyle"), control=control)[1] for control in ("canny", "depth", "pose")]
    for first, second in itertools.combinations(made, 2):
        assert clips.difference(first.pictures, second.pictures) > 0.5


@pytest.mark.parametrize("changed", [{"audio": EXAMPLES / "speech.wav"}, {"start": 0.5}], ids=["file", "start"])
def test_another_sound_or_part_of_it_moves_the_picture_otherwise(queue: CallerQueue, changed: dict[str, Any]) -> None:
    dance = {"prompt": "a red ball dances to the music", "seconds": 1.0, "steps": 8}
    _, before = run(queue, modes.get("a2v"), **dance)
    _, after = run(queue, modes.get("a2v"), **dance, **changed)
    assert clips.difference(before.pictures, after.pictures) > 0.5


@pytest.mark.parametrize("camera", ["dolly in", "jib up"])
def test_a_camera_movement_changes_the_clip(queue: CallerQueue, camera: str) -> None:
    t2v = modes.get("t2v")
    _, free = run(queue, t2v, camera="free")
    _, moved = run(queue, t2v, camera=camera)
    assert clips.difference(free.pictures, moved.pictures) > 0.5


def test_a_lora_that_fits_no_layer_is_reported_by_name_each_time(queue: CallerQueue) -> None:
    folder = queue.settings.models_dir / "loras"
    weights = {f"diffusion_model.elsewhere.lora_{half}.weight": np.ones((2, 2), np.float32) for half in "AB"}
    save_file(weights, folder / "nowhere.safetensors")
    for seed in (1, 2):
        task = runs.submit(queue, "t2v", values(modes.get("t2v"), seed=seed, loras=["nowhere.safetensors"]))
        notices = [event.message for event in queue.events(task.id) if isinstance(event, Notice)]
        assert len(notices) == 1
        assert "nowhere.safetensors has no effect" in notices[0]


def test_a_lora_of_a_persons_own_changes_the_clip_and_says_nothing(queue: CallerQueue) -> None:
    t2v = modes.get("t2v")
    _, without = run(queue, t2v)
    name = "ltx-2-19b-ic-lora-detailer.safetensors"
    task = runs.submit(queue, "t2v", values(t2v, loras=[f"{name}:1.5"]))
    events = list(queue.events(task.id))
    assert clips.difference(without.pictures, clips.read(queue.output_file(task.id, 0)).pictures) > 0.5
    assert not [event for event in events if isinstance(event, Notice)]
