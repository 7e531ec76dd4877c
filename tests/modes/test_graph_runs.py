"""A graph of one's own on a real engine: through the queue and REST, and as the mode it came from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import clips, runs
from support import own_graphs as graphs
from support.api_server import serving
from support.own_graphs import node

from errors import KinoraError
from events import Failed, Output
from jobs import CallerQueue, JobQueue, Selection, TaskDetail
from jobs.types import OWNER
from media import probe_audio
from modes.mode import EXAMPLES

PICTURE = EXAMPLES / "landscape.png"


def made(queue: CallerQueue, mode: str, values: dict[str, Any]) -> tuple[TaskDetail, list[Path]]:
    task = runs.submit(queue, mode, values)
    last = runs.last(queue, task)
    assert isinstance(last, Output), last
    return queue.task(task.id), list(last.files)


def test_a_copied_graph_makes_what_its_mode_made_and_moves_with_another_seed(queue: CallerQueue) -> None:
    values = {"prompt": "a red kite", "image": str(PICTURE), "width": 128, "height": 128, "seconds": 0.3, "seed": 7}
    task, first = made(queue, "i2v", values)
    copied, again = made(queue, "graph", {"graph": graphs.text(task.graph)})
    assert copied.seed == "7"
    assert np.array_equal(clips.read(first[0]).pictures, clips.read(again[0]).pictures)
    _, other = made(queue, "i2v", values | {"seed": 8})
    _, moved = made(queue, "graph", {"graph": graphs.text(task.graph), "seed": 8})
    assert np.array_equal(clips.read(other[0]).pictures, clips.read(moved[0]).pictures)
    assert not np.array_equal(clips.read(first[0]).pictures, clips.read(other[0]).pictures)


def test_a_graph_may_be_retried_with_a_new_seed_and_run_again_as_it_was(queue: CallerQueue) -> None:
    task, files = made(queue, "graph", {"graph": graphs.EXAMPLE})
    assert task.seed == "42"
    assert task.size == "Decided by the graph"
    assert [phase.label for phase in task.phases] == ["Load models", "Run the nodes", "Write the files"]
    again = queue.rerun(task.job)
    (row,) = queue.tasks(job=again.id).tasks
    last = runs.last(queue, queue.task(row.id))
    assert isinstance(last, Output), last
    assert row.seed == "42"
    assert np.array_equal(clips.picture(files[0]), clips.picture(last.files[0]))


def test_images_that_are_given_are_loaded_each_saved_file_is_a_result(queue: CallerQueue) -> None:
    graph = graphs.mixed("first.png", "second.png")
    task, files = made(queue, "graph", {"graph": graph, "image": PICTURE, "second_image": EXAMPLES / "portrait.png"})
    assert [file.name for file in files] == [f"graph_{task.seed}_11.png", f"graph_{task.seed}_21.png"]
    for file, given in zip(files, ("landscape.png", "portrait.png"), strict=True):
        assert np.array_equal(clips.picture(file), clips.picture(EXAMPLES / given))


def test_a_sound_is_a_result_too(queue: CallerQueue) -> None:
    graph = {"1": node("LoadAudio", audio="x.wav"), "2": node("SaveAudio", audio=["1", 0], filename_prefix="x")}
    _, files = made(queue, "graph", {"graph": graph, "audio": EXAMPLES / "speech.wav"})
    assert [file.suffix for file in files] == [".flac"]
    made_of = [probe_audio(file, queue.settings).seconds for file in (files[0], EXAMPLES / "speech.wav")]
    assert made_of[0] == pytest.approx(made_of[1], abs=0.01)


def test_a_graph_that_comfyui_rejects_fails_with_the_node_and_the_reason(queue: CallerQueue) -> None:
    task = runs.submit(queue, "graph", {"graph": graphs.saved("EmptyImage", width=8, height=8, batch_size=1)})
    last = runs.last(queue, task)
    assert isinstance(last, Failed)
    assert last.node == "1"
    assert "color" in last.message + last.detail


def test_a_model_that_cannot_be_found_is_named_before_anything_runs(queue: CallerQueue) -> None:
    with pytest.raises(KinoraError, match=r"my_own\.safetensors"):
        runs.submit(queue, "graph", {"graph": graphs.saved("CheckpointLoaderSimple", ckpt_name="my_own.safetensors")})


def test_a_graph_goes_over_rest_as_an_object_with_tries_of_its_own(job_queue: JobQueue, queue: CallerQueue) -> None:
    with serving(job_queue) as client:
        graph = json.loads(graphs.EXAMPLE)
        answer = client.post("/jobs", json={"mode": "graph", "values": {"graph": graph}, "tries": 2})
        assert answer.status_code == 201, answer.text
        tasks = client.get("/tasks", params={"job": answer.json()["id"]}).json()["tasks"]
        assert sorted(task["seed"] for task in tasks) == ["42", "43"]
        for task in tasks:
            assert isinstance(runs.last(queue, queue.task(task["id"])), Output)
            picture = client.get(f"/tasks/{task['id']}/outputs/0")
            assert picture.headers["content-type"] == "image/png"
        bad = client.post("/jobs", json={"mode": "graph", "values": {"graph": graphs.saved("LoadLatent")}})
        assert bad.status_code == 422
        assert "Node 1 is a LoadLatent" in bad.text
        named = client.post("/jobs", json={"mode": "graph", "values": {"graph": str(EXAMPLES / "graph.json")}})
        assert "This is not JSON" in named.text  # in this way a graph cannot read files of this machine
        assert client.get("/modes/graph").json()["parameters"]["properties"]["graph"]["anyOf"]


def test_time_left_is_known_from_runs_of_the_same_graph_only(queue: CallerQueue, comfy_job_queue: JobQueue) -> None:
    first, _ = made(queue, "graph", {"graph": graphs.EXAMPLE})
    same = runs.submit(queue, "graph", {"graph": graphs.EXAMPLE, "seed": 1})
    other = runs.submit(queue, "graph", {"graph": graphs.EXAMPLE.replace("dawn", "dusk")})
    kinds = [comfy_job_queue.queries.task(OWNER, task.id).row.timing for task in (first, same, other)]
    assert kinds[0] == kinds[1] != kinds[2]
    queue.cancel(Selection(tasks=[same.id, other.id]))
