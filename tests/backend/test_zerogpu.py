"""ZeroGPU by parts: without its flag, and ComfyUI under the platform's stand-in for CUDA."""

import json
import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import pytest
from support import clips

from backend import zerogpu
from settings import PROJECT

IN_PROCESS = """
import json, sys
from pathlib import Path
from jobs import CallerQueue, JobQueue, Submission
from settings import Settings
job_queue = JobQueue(Settings(home=Path(sys.argv[1]), device="cpu", demo="always", zerogpu=True, zerogpu_seconds=20))
job_queue.start()
queue = CallerQueue(job_queue)
job = queue.submit(Submission(mode="t2v", values={"prompt": "x", "width": 128, "height": 128, "seconds": 0.3}))
task = queue.first_task(job.id)
before = queue.task(task).status
seconds = job_queue.on_demand._gpu(task)._seconds
queue.run_for_viewer(task)
queue.run_for_viewer(task)
events = list(queue.events(task))
print(json.dumps([before, seconds, [type(each).__name__ for each in events], [str(each) for each in events[-1].files]]))
job_queue.stop()
"""

UNDER_THE_STAND_IN = """
import json, sys
import spaces
from pathlib import Path
from backend.comfy.engine import Engine
from settings import Settings
settings = Settings(home=Path(sys.argv[1]), device="cuda", demo="always", zerogpu=True)
print(json.dumps(Engine(settings).describe()))
"""


def run(code: str, home: Path, **environment: str) -> str:
    """In a process of its own; what it printed last."""
    everything = os.environ | {"PYTHONPATH": str(PROJECT)} | environment
    command = [sys.executable, "-c", code, str(home)]
    ended = subprocess.run(command, env=everything, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.strip().splitlines()[-1]


@pytest.mark.everything
def test_without_the_platforms_flag_the_same_path_runs_in_the_process_itself(tmp_path: Path) -> None:
    before, seconds, events, files = json.loads(run(IN_PROCESS, tmp_path))
    assert seconds == 20  # the setting's: a first run would ask for 30 and more
    assert before == "queued"  # nobody takes it up before it is attended
    assert {"Phase", "Preview", "Output"} <= set(events)
    assert events.count("Output") == 1
    assert clips.read(Path(files[0])).pictures.shape == (9, 128, 128, 3)


@pytest.mark.everything
def test_comfyui_starts_where_cuda_is_only_stood_in_for(tmp_path: Path) -> None:
    flags = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": "http://127.0.0.1:9"}
    told = json.loads(run(UNDER_THE_STAND_IN, tmp_path, **flags))
    assert told["device"].startswith("NVIDIA")
    assert told["dynamic_vram"] is False


@pytest.mark.parametrize(
    ("known", "frames", "steps", "asked"),
    [(None, 9, 8, 32), (None, 121, 20, 78), (None, 1000, 100, 120), (30.0, 9, 8, 45), (1.0, 9, 8, 15)],
)
def test_seconds_of_gpu_follow_measurements_or_size_length_and_steps(
    known: float | None, frames: int, steps: int, asked: int
) -> None:
    graph = {"sampler": {"class_type": "KSampler", "inputs": {"steps": steps}}}
    announced = {"width": 768, "height": 512, "frames": frames}
    assert zerogpu.seconds_to_ask(known, announced, graph, most=120) == asked


def test_a_graph_of_unknown_size_asks_for_the_usual_time_until_it_has_run_once() -> None:
    announced = {"width": None, "height": None, "frames": None}
    assert zerogpu.seconds_to_ask(None, announced, {}, most=120) == 60
    assert zerogpu.seconds_to_ask(None, announced, {}, most=40) == 40
    assert zerogpu.seconds_to_ask(30.0, announced, {}, most=120) == 45


def test_every_refusal_of_the_platform_has_a_sentence_and_a_hint() -> None:
    titles = ("ZeroGPU quota exceeded", "ZeroGPU pending credits exceeded", "ZeroGPU illegal duration")
    titles += ("ZeroGPU queue timeout", "ZeroGPU client error", "ZeroGPU worker error")
    sentences = {zerogpu.failure_from(gr.Error("…", title=title), 60).message for title in titles}
    assert len(sentences) == 5  # both of the last are told alike
    assert all(zerogpu.failure_from(gr.Error("…", title=title), 60).hint for title in titles)
