"""CogVideoX on demo models, and its weights from diffusers' files."""

import re
import subprocess
import sys
from typing import Any

import pytest
from support import clips, runs
from support.mode_settings import REAL

import modes
from events import Output
from jobs import CallerQueue
from modes import InvalidParamsError
from settings import PROJECT

MODE = modes.get("cogvideo")
SMALL = {"prompt": "a red kite", "seed": 7, "width": 192, "height": 128, "seconds": 1, "steps": 8}


def run(queue: CallerQueue, **changed: Any) -> tuple[Any, clips.Clip, clips.Facts]:
    task = runs.submit(queue, MODE.id, SMALL | changed)
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    return runs.announced(task), clips.read(last.files[0]), clips.facts(last.files[0])


@pytest.mark.parametrize(("width", "height", "seconds", "fps"), [(192, 128, 1, 8), (200, 150, 0.7, 12)])
def test_the_file_is_what_was_announced(queue: CallerQueue, width: int, height: int, seconds: float, fps: int) -> None:
    told, clip, facts = run(queue, width=width, height=height, seconds=seconds, fps=fps)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (told.width, told.height, told.frames, told.fps)
    assert told.frames % 8 == 1
    assert clip.codecs == ("h264",)


def test_prompt_seed_guidance_and_preset_change_the_clip(queue: CallerQueue) -> None:
    _, plain, _ = run(queue)
    for changed in (
        {"prompt": "a black cat in the forest"},
        {"seed": 8},
        {"cfg": 2},
        {"steps": None, "preset": "fast"},
    ):
        other = run(queue, **changed)[1]
        assert clips.difference(plain.pictures, other.pictures) > 0.3, changed


def test_more_frames_than_the_model_was_made_for_are_refused() -> None:
    with pytest.raises(InvalidParamsError, match=r"at most 6\.1 s at 8 fps \(49 frames\)"):
        MODE.validate({"prompt": "x", "seconds": 7}, REAL)


CHILD = """
import sys
from safetensors.torch import load_file, save_file
made, folder, back = sys.argv[1:]
tensors = load_file(made)
names = {
    "blocks.": "transformer_blocks.", "_embedding_linear_": "_embedding.linear_", ".ff_proj.": ".ff.net.0.proj.",
    ".ff_out.": ".ff.net.2.", ".attn_out.": ".attn1.to_out.0.", ".norm_q.": ".attn1.norm_q.",
    ".norm_k.": ".attn1.norm_k.", ".q.": ".attn1.to_q.", ".k.": ".attn1.to_k.", ".v.": ".attn1.to_v.",
}
def of_diffusers(name):
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name
parts = [{}, {}]
for number, (name, tensor) in enumerate(tensors.items()):
    parts[number % 2][of_diffusers(name)] = tensor
if not back:
    for number, part in enumerate(parts):
        save_file(part, f"{folder}/diffusion_pytorch_model-{number}.safetensors")
else:
    other = load_file(back)
    assert other.keys() == tensors.keys() and all((other[name] == tensors[name]).all() for name in tensors)
"""


@pytest.mark.everything
def test_weights_of_diffusers_become_comfyuis(queue: CallerQueue, tmp_path: Any) -> None:
    run(queue)  # the demo models are there then
    made = next(queue.settings.home.rglob("cogvideox_5b.safetensors"))
    target = tmp_path / "models" / "cogvideox_5b.safetensors"
    subprocess.run([sys.executable, "-c", CHILD, str(made), str(tmp_path), ""], check=True)
    command = [sys.executable, "tools/convert_cogvideox.py", str(tmp_path), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT)
    assert re.search(r"\d+ tensors of 2 files", done.stdout)
    subprocess.run([sys.executable, "-c", CHILD, str(made), str(tmp_path), str(target)], check=True)
