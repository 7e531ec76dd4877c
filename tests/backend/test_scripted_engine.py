"""The scripted engine: each word of its script, through a real process and pipe."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support import clips, runs
from support.app_server import Server
from support.mode_settings import DEMO
from support.scripted_engine import PROGRAM, write_script

import modes
from backend.process import EngineProcess
from events import Cancelled, Event, Failed, Notice, Output, Phase, Preview
from jobs import CallerQueue, JobQueue
from settings import PROJECT, Settings

CLIP = {"prompt": "a kite", "width": 192, "height": 128, "seconds": 0.3, "seed": 7}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, device="cpu", demo="always", cancel_timeout=0.5)


@pytest.fixture
def engine(settings: Settings) -> Iterator[EngineProcess]:
    process = EngineProcess(settings, program=PROGRAM)
    yield process
    process.stop()


def run(engine: EngineProcess, words: str = "", stop: threading.Event | None = None, **values: Any) -> list[Event]:
    mode = modes.get("t2v")
    params = mode.validate(CLIP | values | {"prompt": f"a kite [engine: {words}]"}, DEMO)
    graph = mode.build(params, 7, {}, f"run/{time.time_ns()}")
    return list(engine.run(graph, mode.phases_of(graph), stop or threading.Event()))


def failed(events: list[Event]) -> Failed:
    last = events[-1]
    assert isinstance(last, Failed)
    return last


def test_it_is_up_in_a_second_and_streams_phases_steps_previews_and_a_file(engine: EngineProcess) -> None:
    engine.start()
    runs.until(lambda: engine.state.name == "ready", 10)
    started = time.monotonic()
    events = run(engine, "notice=A word of warning, steps=5")
    assert time.monotonic() - started < 2
    assert Notice("A word of warning") in events
    assert {event.label for event in events if isinstance(event, Phase)} == set(modes.get("t2v").phases)
    assert [event.step for event in events if isinstance(event, Phase) and event.label == "First pass"] == [*range(6)]
    assert any(isinstance(event, Preview) and event.jpeg.startswith(b"\xff\xd8") for event in events)
    output = events[-1]
    assert isinstance(output, Output)
    clip = clips.facts(output.files[0])
    assert (clip.width, clip.height, clip.frames, clip.sample_rate) == (192, 128, 9, 48_000)


def test_without_words_it_takes_the_steps_that_the_graph_says(engine: EngineProcess) -> None:
    steps = [event.steps for event in run(engine) if isinstance(event, Phase)]
    assert max(steps) == 8


def test_pictures_and_sounds_are_written_for_the_nodes_that_save_them(engine: EngineProcess) -> None:
    graph = {
        "picture": {"class_type": "EmptyImage", "inputs": {"width": 96, "height": 64}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["picture", 0], "filename_prefix": "a/still"}},
        "tone": {"class_type": "SaveAudio", "inputs": {"filename_prefix": "a/tone"}},
    }
    output = list(engine.run(graph, {}, threading.Event()))[-1]
    assert isinstance(output, Output)
    assert [file.name for file in output.files] == ["still_00001_.png", "tone_00001_.flac"]
    with Image.open(output.files[0]) as picture:
        assert picture.size == (96, 64)
    assert clips.sound(output.files[1]).size == pytest.approx(clips.SOUND_RATE, rel=0.01)  # a second


def test_a_cancel_is_answered_at_once(engine: EngineProcess) -> None:
    engine.start()
    runs.until(lambda: engine.state.name == "ready")
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()
    assert isinstance(run(engine, "steps=1000, pace=0.05", stop)[-1], Cancelled)
    assert time.monotonic() - started < 3
    assert engine.state.name == "ready"


def test_an_engine_that_hangs_is_ended_after_the_time_to_cancel(engine: EngineProcess) -> None:
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    assert isinstance(run(engine, "hang", stop)[-1], Cancelled)
    runs.until(lambda: engine.state.name == "ready", 10)


def test_a_deaf_engine_finishes_what_was_cancelled(engine: EngineProcess) -> None:
    stop = threading.Event()
    stop.set()
    engine.start()
    runs.until(lambda: engine.state.name == "ready", 10)
    events: list[Event] = []
    graph = {"save": {"class_type": "SaveImage", "inputs": {"text": "[engine: deaf]", "filename_prefix": "deaf"}}}
    stop.clear()
    for event in engine.run(graph, {"Save": ["save"]}, stop):
        stop.set()
        events.append(event)
    assert isinstance(events[-1], Output)


@pytest.mark.parametrize(("word", "how"), [("die", "SIGKILL"), ("exit=3", "exit code 3")])
def test_it_dies_when_the_script_says_so(engine: EngineProcess, word: str, how: str) -> None:
    last = failed(run(engine, word))
    assert last.kind == "engine_died"
    assert how in last.message


def test_it_dies_only_once_where_the_script_says_so(engine: EngineProcess) -> None:
    assert failed(run(engine, "die, once")).kind == "engine_died"
    assert isinstance(run(engine, "die, once")[-1], Output)


def test_a_node_fails_with_the_words_and_the_kind_of_the_script(engine: EngineProcess) -> None:
    last = failed(run(engine, "fail=The tensors do not fit, at=3"))
    assert (last.kind, last.node) == ("node_error", "first_pass")
    assert "The tensors do not fit" in last.message
    assert failed(run(engine, "fail=No room, kind=out_of_memory")).kind == "out_of_memory"
    assert isinstance(run(engine)[-1], Output)


def test_a_word_that_it_does_not_know_fails_the_run(engine: EngineProcess) -> None:
    assert "jump" in failed(run(engine, "jump")).message


def test_words_in_the_file_hold_for_every_run(engine: EngineProcess, settings: Settings) -> None:
    write_script(settings.home, words="fail=Not today")
    assert "Not today" in failed(run(engine)).message


def test_a_start_that_fails_says_why(engine: EngineProcess, settings: Settings) -> None:
    write_script(settings.home, start_error="There is no electricity.")
    assert failed(run(engine)).message == "There is no electricity."


def test_a_start_that_ends_the_process_shows_its_log(engine: EngineProcess, settings: Settings) -> None:
    write_script(settings.home, start_exit=3)
    last = failed(run(engine))
    assert last.message == "The engine could not start."
    assert "The script ends this engine" in last.detail


def test_an_idle_engine_dies_and_comes_back(engine: EngineProcess, settings: Settings) -> None:
    write_script(settings.home, idle_death=0.2, start_seconds=0.2)
    engine.start()
    runs.until(lambda: engine.state.name == "ready", 10)
    first = engine.pid
    runs.until(lambda: engine.state.name == "restarting", 10)
    write_script(settings.home)
    runs.until(lambda: engine.state.name == "ready", 10)
    assert engine.pid != first


@pytest.mark.parametrize("mode", ["t2v", "wan_t2v", "wan_5b", "cogvideo", "t2i"])
def test_a_queue_with_it_makes_files_as_announced(settings: Settings, mode: str) -> None:
    job_queue = JobQueue(settings, engine_program=PROGRAM)
    queue = CallerQueue(job_queue)
    job_queue.start()
    try:
        task = runs.submit(queue, mode, {"prompt": "a kite", "width": 256, "height": 128})
        output = runs.last(queue, task)
    finally:
        job_queue.stop()
    assert isinstance(output, Output)
    spec = runs.announced(task)
    if spec.fps is None:
        assert clips.picture(output.files[0]).shape == (spec.height, spec.width, 3)
        return
    clip = clips.facts(output.files[0])
    assert (clip.width, clip.height, clip.frames, clip.fps) == (spec.width, spec.height, spec.frames, spec.fps)
    assert (clip.sample_rate is not None) == spec.sound


SCRIPTED_APP = "tests/support/scripted_app.py"


def test_the_app_runs_with_it(tmp_path: Path) -> None:
    server = Server(tmp_path, program=SCRIPTED_APP)
    try:
        runs.until(lambda: "Scripted engine" in _queue_state(server), 20)
    finally:
        server.stop()


def _queue_state(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/api/v1/queue", timeout=5) as answer:
        return answer.read().decode()


def test_the_command_line_runs_with_it(tmp_path: Path) -> None:
    environment = os.environ | {"KINORA_HOME": str(tmp_path), "KINORA_DEVICE": "cpu"}
    command = [sys.executable, SCRIPTED_APP, "cli", "generate", "t2i", "--prompt=a kite", "--json"]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["event"] == "output"
