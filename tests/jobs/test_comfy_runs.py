"""The queue with ComfyUI: files are what was announced, a run can be cancelled, and a crash costs one attempt."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from safetensors.numpy import save_file
from support import clips, runs

from events import Cancelled, Failed, Notice, Output, Phase
from jobs import CallerQueue, JobQueue, Selection
from settings import Settings


@pytest.fixture(scope="module")
def queue(comfy_job_queue: JobQueue) -> CallerQueue:
    return CallerQueue(comfy_job_queue)


def result(queue: CallerQueue, values: dict[str, Any]) -> clips.Clip:
    last = runs.last(queue, runs.submit(queue, "t2v", values))
    assert isinstance(last, Output), last
    return clips.read(last.files[0])


@pytest.mark.parametrize("preset", ["fast", "balanced", "quality"])
def test_the_file_is_what_was_announced(queue: CallerQueue, clip: Any, preset: str) -> None:
    values = clip | {"preset": preset, "width": 200, "height": 150, "seconds": 0.6, "fps": 12}
    task = runs.submit(queue, "t2v", values)
    announced = runs.announced(task)
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    file = clips.read(last.files[0])
    assert file.pictures.shape == (announced.frames, announced.height, announced.width, 3)
    assert file.seconds == pytest.approx(announced.seconds, abs=0.05)
    assert file.codecs == ("h264", "aac")


def test_without_sound_there_is_no_audio_stream(queue: CallerQueue, clip: Any) -> None:
    assert result(queue, clip | {"sound": False}).codecs == ("h264",)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others(queue: CallerQueue, clip: Any) -> None:
    first, again, other = (result(queue, clip | {"seed": seed}) for seed in (1, 1, 2))
    assert np.array_equal(first.pictures, again.pictures)
    assert not np.array_equal(first.pictures, other.pictures)


def test_the_prompt_and_where_it_counts_the_negative_prompt_change_the_frames(queue: CallerQueue, clip: Any) -> None:
    plain = result(queue, clip)
    assert not np.array_equal(plain.pictures, result(queue, clip | {"prompt": "a green hill at night"}).pictures)
    guided = clip | {"cfg": 4}
    assert not np.array_equal(
        result(queue, guided).pictures, result(queue, guided | {"negative_prompt": "night"}).pictures
    )


def test_strange_prompts_arrive_as_they_were_typed(queue: CallerQueue, clip: Any) -> None:
    prompt = '🪁 "quotes" {a|b} طائرة\nnew line, {"json": [1]}'
    file = result(queue, clip | {"prompt": prompt})
    assert json.loads(file.metadata["prompt"])["positive_prompt"]["inputs"]["text"] == prompt


def test_a_running_task_is_cancelled_at_once_and_leaves_no_file(queue: CallerQueue) -> None:
    task = runs.submit(queue, "t2v", runs.LONG_OF_SHORT_STEPS)
    next(event for event in queue.events(task.id) if isinstance(event, Phase) and event.step)
    acted = queue.cancel(Selection(tasks=[task.id]))
    assert (acted.changed, acted.pending) == (1, 0)
    assert isinstance(runs.last(queue, task), Cancelled)
    assert not list((queue.settings.outputs_dir / "running").glob(f"{task.id}-*"))


@pytest.mark.everything
def test_a_task_whose_engine_is_killed_runs_again(comfy_job_queue: JobQueue, queue: CallerQueue, clip: Any) -> None:
    task = runs.submit(queue, "t2v", clip | {"steps": 40})
    events = []
    for event in queue.events(task.id):
        events.append(event)
        samples = isinstance(event, Phase) and (event.label, event.step) == ("First pass", 1)
        if samples and queue.task(task.id).attempts == 0:
            psutil.Process(comfy_job_queue.engines[0].pid or 0).kill()
    assert isinstance(events[-1], Output)
    assert any(isinstance(event, Notice) and "attempt 1 of 2" in event.message for event in events)
    assert queue.task(task.id).attempts == 1


def test_a_model_file_that_vanished_is_named(queue: CallerQueue, clip: Any) -> None:
    file = queue.settings.models_dir / "loras" / "gone.safetensors"
    save_file({"diffusion_model.x.lora_A.weight": np.ones((2, 2), np.float32)}, file)
    with runs.paused(queue):
        task = runs.submit(queue, "t2v", clip | {"loras": ["gone.safetensors"]})
        file.unlink()
    last = runs.last(queue, task)
    assert isinstance(last, Failed)
    assert last.kind == "missing_model"
    assert "gone.safetensors" in last.message


@pytest.mark.everything
def test_a_disk_that_fills_up_while_an_output_is_written_fails_the_task_in_words_and_a_retry_succeeds(
    tmp_path: Path, clip: Any, small_disk: Path
) -> None:
    outputs = tmp_path / "outputs"
    outputs.symlink_to(small_disk)
    job_queue = JobQueue(Settings(home=tmp_path, device="cpu", demo="always", min_free_gb=0.0))
    queue = CallerQueue(job_queue)
    job_queue.start()
    try:
        (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free - 8192))
        task = runs.submit(queue, "t2v", clip | {"width": 512, "height": 512})
        last = runs.last(queue, task)
        assert isinstance(last, Failed)
        assert last.kind == "disk_full"
        (small_disk / "filler").unlink()
        queue.retry(Selection(tasks=[task.id]))
        assert isinstance(runs.last(queue, task), Output)
    finally:
        job_queue.stop()
