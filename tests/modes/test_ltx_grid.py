"""Over all modes: the numbers announced are the file's, ComfyUI takes every graph, and images stand in their places."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import clips, runs
from support.mode_settings import DEMO
from support.mode_values import EVERY_PARAMETER, NEEDS, given, modes_by_sizes, other, ways

import modes
from events import Event, Output, Phase
from jobs import CallerQueue, TaskDetail
from media import Preparer
from modes import Mode
from modes.ltx import LTX_MODES
from modes.mode import EXAMPLES
from settings import PROJECT, Settings

# Odd sizes and lengths on purpose: what is announced must be what the model really makes of them.
SIZES = [(128, 128, 0.4, 25), (200, 150, 0.5, 24), (131, 257, 0.37, 30), (320, 128, 1.1, 12), (190, 190, 0.2, 60)]


@pytest.mark.parametrize(("mode", "width", "height", "seconds", "fps"), modes_by_sizes(LTX_MODES, "t2v", SIZES))
def test_width_height_frames_rate_length_sound_and_phases_are_as_announced(
    queue: CallerQueue, mode: Mode, width: int, height: int, seconds: float, fps: int
) -> None:
    changed = {"width": width, "height": height, "seconds": seconds, "fps": fps, "steps": 1, "preset": "fast"}
    if "stages" in mode.params.model_fields:
        changed["stages"] = ["dawn over the lake", "dusk"]
    task = runs.submit(queue, mode.id, {**mode.examples[0].values, "seed": 3, **changed})
    events = list(queue.events(task.id))
    last = events[-1]
    assert isinstance(last, Output), last
    assert_phases_are_shown(mode, task, events, last.executed)
    told, facts = runs.announced(task), clips.facts(last.files[0])
    assert (facts.width, facts.height, facts.frames, facts.fps) == (told.width, told.height, told.frames, told.fps)
    assert facts.video_seconds == pytest.approx(told.seconds, abs=1e-3)
    assert facts.seconds == pytest.approx(told.seconds, abs=0.05)
    assert facts.sample_rate in (44_100, 48_000)
    assert clips.read(last.files[0]).codecs == ("h264", "aac")
    assert facts.width % 32 == facts.height % 32 == 0
    assert facts.frames % 8 == 1


def assert_phases_are_shown(mode: Mode, task: TaskDetail, events: list[Event], executed: tuple[str, ...]) -> None:
    """Each phase of which a node ran was shown, and none that was not announced; the rest was in the engine's cache."""
    shown = {event.label for event in events if isinstance(event, Phase)}
    ran = {label for label, nodes in mode.phases_of(task.graph).items() if set(executed) & set(nodes)}
    assert {"Write the file"} < ran <= shown <= {phase.label for phase in task.phases}


CHILD = """
import asyncio, json, sys
from pathlib import Path
from settings import Settings
from backend.comfy.startup import load
_, settings, asked, told = sys.argv  # load() writes ComfyUI's own arguments there
settings = Settings.model_validate_json(settings)
load(settings)
import demo_models, execution
demo_models.prepare(settings.models_dir)
wrong = {}
for name, graph in json.loads(Path(asked).read_text()).items():
    ok, error, _, node_errors = asyncio.run(execution.validate_prompt(name, graph, None))
    if not ok or node_errors:
        wrong[name] = str(error or node_errors)
Path(told).write_text(json.dumps(wrong))
"""


@pytest.mark.everything
def test_every_graph_with_any_one_parameter_changed_is_valid_in_comfyui(
    demo_settings: Settings, tmp_path: Path
) -> None:
    preparer = Preparer(demo_settings)
    graphs: dict[str, Any] = {}
    for mode, name in EVERY_PARAMETER:
        for way in ways(mode):
            needs = NEEDS.get(name, {}) | NEEDS.get(f"{mode.id}/{name}", {}) | way
            value = way["preset"] if name == "preset" else other(mode, name, tmp_path)
            params = mode.validate(given(mode) | needs | {name: value}, DEMO)
            prepared = mode.prepare_inputs(params, preparer)
            graphs[f"{mode.id}/{way.get('preset')}/{name}"] = mode.build(params, 1, prepared, "out")
    asked, told = tmp_path / "graphs.json", tmp_path / "wrong.json"
    asked.write_text(json.dumps(graphs))
    command = [sys.executable, "-c", CHILD, demo_settings.model_dump_json(), str(asked), str(told)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    assert len(graphs) > 300
    assert json.loads(told.read_text()) == {}


@pytest.mark.parametrize(
    ("mode_id", "frame", "name"),
    [
        ("i2v", 0, "image"),
        ("lipsync", 0, "image"),
        ("voice", 0, "image"),
        ("flf2v", 0, "first_image"),
        ("flf2v", -1, "last_image"),
    ],
)
def test_the_image_given_is_the_frame_in_its_place(queue: CallerQueue, mode_id: str, frame: int, name: str) -> None:
    """Both the clip's frame and the image as prepared for it; the demo VAE keeps a picture's coarse shapes."""
    mode = modes.get(mode_id)
    values = {**mode.examples[0].values, "seed": 3, "width": 256, "height": 256, "seconds": 0.7, "steps": 4}
    task = runs.submit(queue, mode_id, values | {"preset": "fast"})
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    pictures = clips.read(last.files[0]).pictures
    prepared = Preparer(queue.settings).image(Path(str(mode.examples[0].values[name])), size=(256, 256))
    wanted = clips.picture(queue.settings.inputs_dir / prepared)
    other_picture = clips.picture(
        queue.settings.inputs_dir / Preparer(queue.settings).image(EXAMPLES / "sheet.png", size=(256, 256))
    )
    assert clips.psnr(pictures[frame], wanted) > 12  # at the strength that the form begins with, and in four steps
    assert clips.psnr(pictures[frame], wanted) > clips.psnr(pictures[frame], other_picture) + 3
