"""The engine process on real ComfyUI: what it makes, how it fails, how it comes back."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from support import runs
from support.mode_settings import DEMO
from support.scripted_engine import PROGRAM as SCRIPTED

import modes
from backend.process import EngineProcess
from events import Cancelled, Event, Failed, Output, Phase, Preview
from modes.ltx.text import TextToVideoParams
from settings import PROJECT, Settings

T2V = modes.get("t2v")
IMAGE = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}}


@pytest.fixture(scope="module")
def engine(demo_settings: Settings) -> Iterator[EngineProcess]:
    process = EngineProcess(demo_settings)
    process.start()
    yield process
    process.stop()


def t2v(clip: dict[str, Any], prefix: str, **values: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    params = T2V.validate(clip | values, DEMO)
    assert isinstance(params, TextToVideoParams)
    graph = T2V.build(params, params.seed or 0, {}, prefix)
    return graph, T2V.phases_of(graph)


def still(**image_inputs: Any) -> dict[str, Any]:
    image = {**IMAGE, "inputs": IMAGE["inputs"] | image_inputs}
    return {
        "image": image,
        "save": {
            "class_type": "SaveImage",
            "inputs": {"images": ["image", 0], "filename_prefix": f"still/{time.time()}"},
        },
    }


def run(
    engine: EngineProcess, graph: Any, phases: Any = None, on: Callable[[Event], None] = lambda _: None
) -> list[Event]:
    events = []
    for event in engine.run(graph, phases or {}, threading.Event()):
        events.append(event)
        on(event)
    return events


def last(engine: EngineProcess, graph: Any) -> Event:
    return run(engine, graph)[-1]


def test_a_run_names_its_stages_shows_previews_and_ends_with_its_own_file(engine: EngineProcess, clip: Any) -> None:
    events = run(engine, *t2v(clip, "a/one"))
    labels = {event.label for event in events if isinstance(event, Phase)}
    assert labels == set(T2V.phases)
    assert any(isinstance(event, Preview) and event.jpeg.startswith(b"\xff\xd8") for event in events)
    steps = [event.step for event in events if isinstance(event, Phase) and event.label == "First pass"]
    assert steps == sorted(steps)
    assert max(steps) == 8
    output = events[-1]
    assert isinstance(output, Output)
    assert [file.exists() for file in output.files] == [True]


def test_a_rerun_with_another_seed_does_not_encode_the_prompt_again(engine: EngineProcess, clip: Any) -> None:
    run(engine, *t2v(clip, "a/two"))
    output = run(engine, *t2v(clip, "a/three", seed=8))[-1]
    assert isinstance(output, Output)
    assert "first_pass" in output.executed
    assert not {"text_encoder", "positive_prompt", "negative_prompt", "checkpoint"} & set(output.executed)


def test_a_graph_that_is_not_valid_fails_with_the_node_and_the_reason(engine: EngineProcess) -> None:
    failed = last(engine, still(width="abc"))
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.node) == ("invalid", "image")
    assert "width" in failed.message


def test_an_unknown_node_is_named(engine: EngineProcess) -> None:
    failed = last(engine, {"x": {"class_type": "Nonsense", "inputs": {}}})
    assert isinstance(failed, Failed)
    assert failed.kind == "invalid"
    assert "Nonsense" in failed.message


def test_one_bad_output_among_good_ones_fails_the_run(engine: EngineProcess) -> None:
    bad = {"class_type": "SaveImage", "inputs": {"images": ["image", 0]}}  # its prefix is missing
    failed = last(engine, still() | {"bad": bad})
    assert isinstance(failed, Failed)
    assert failed.kind == "invalid"


def test_a_model_file_that_is_not_there_is_named(engine: EngineProcess, clip: Any) -> None:
    graph, _ = t2v(clip, "a/four")
    graph["checkpoint"]["inputs"]["ckpt_name"] = "nobody.safetensors"
    failed = last(engine, graph)
    assert isinstance(failed, Failed)
    assert failed.kind == "missing_model"
    assert "nobody.safetensors" in failed.message


def test_a_pickle_in_the_models_folder_is_not_offered(
    engine: EngineProcess, demo_settings: Settings, clip: Any
) -> None:
    (demo_settings.models_dir / "checkpoints" / "evil.ckpt").write_bytes(b"not really")
    graph, _ = t2v(clip, "a/five")
    graph["checkpoint"]["inputs"]["ckpt_name"] = "evil.ckpt"
    failed = last(engine, graph)
    assert isinstance(failed, Failed)
    assert failed.kind in ("invalid", "missing_model")


def test_a_failing_node_is_reported_with_its_traceback_and_the_next_run_works(engine: EngineProcess, clip: Any) -> None:
    graph, phases = t2v(clip, "a/six")
    graph["first_sigmas"]["inputs"]["sigmas"] = "1.0"  # no step at all
    graph["video_latent"]["inputs"]["batch_size"] = 2  # and an audio latent of another batch size
    failed = run(engine, graph, phases)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "node_error"
    assert failed.node
    assert "Traceback" in failed.detail or "File " in failed.detail
    assert isinstance(last(engine, still()), Output)


def test_too_little_memory_is_reported_with_advice(engine: EngineProcess) -> None:
    failed = last(engine, still(width=16384, height=16384, batch_size=4096))  # 13 TB
    assert isinstance(failed, Failed)
    assert failed.kind == "out_of_memory"
    assert "smaller size" in failed.hint


def test_an_output_prefix_that_leaves_the_outputs_folder_is_refused(engine: EngineProcess) -> None:
    graph = still()
    graph["save"]["inputs"]["filename_prefix"] = "../../outside"
    assert isinstance(last(engine, graph), Failed)


def test_a_cancel_while_sampling_stops_the_run_softly(engine: EngineProcess) -> None:
    pid, cancelled = engine.pid, threading.Event()
    events = []
    for event in engine.run(*t2v(runs.LONG_OF_SHORT_STEPS, "a/seven"), cancelled):
        events.append(event)
        if isinstance(event, Phase) and event.step == 2:
            cancelled.set()
    assert isinstance(events[-1], Cancelled)
    assert engine.pid == pid
    assert isinstance(last(engine, still()), Output)


def test_a_cancel_before_the_first_event_is_not_forgotten(engine: EngineProcess) -> None:
    cancelled = threading.Event()
    cancelled.set()
    events = list(engine.run(*t2v(runs.LONG_OF_SHORT_STEPS, "a/eight"), cancelled))
    assert isinstance(events[-1], Cancelled)


@pytest.mark.everything  # test_scripted_engine.py has the same without ComfyUI
def test_an_engine_that_does_not_answer_a_cancel_is_ended_and_started_again(engine: EngineProcess) -> None:
    pid, cancelled = engine.pid, threading.Event()
    events = []
    for event in engine.run(*t2v(runs.LONG_OF_SHORT_STEPS, "a/nine"), cancelled):
        events.append(event)
        if isinstance(event, Phase) and event.step == 2 and not cancelled.is_set():
            assert pid
            os.kill(pid, signal.SIGSTOP)  # hangs, and cannot hear
            cancelled.set()
    assert isinstance(events[-1], Cancelled)
    assert isinstance(last(engine, still()), Output)
    assert engine.pid != pid


def test_an_engine_killed_while_running_fails_the_run_and_the_next_one_works(engine: EngineProcess) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Phase) and event.step == 2:
            assert engine.pid
            os.kill(engine.pid, signal.SIGKILL)

    failed = run(engine, *t2v(runs.LONG_OF_SHORT_STEPS, "a/ten"), on=kill)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "engine_died"
    assert engine.state.name in ("busy", "restarting")
    assert isinstance(last(engine, still()), Output)
    assert engine.state.name == "ready"


def test_a_reader_that_goes_away_does_not_block_the_engine(engine: EngineProcess) -> None:
    events = engine.run(*t2v(runs.LONG_OF_SHORT_STEPS, "a/eleven"), threading.Event())
    next(events)
    events.close()
    assert isinstance(last(engine, still()), Output)


def test_an_engine_that_cannot_start_says_so_and_does_not_hang(demo_settings: Settings, tmp_path: Any) -> None:
    broken = EngineProcess(demo_settings.model_copy(update={"comfyui_dir": tmp_path, "home": tmp_path / "home"}))
    try:
        failed = list(broken.run(still(), {}, threading.Event()))[-1]
        assert isinstance(failed, Failed)
        assert failed.kind == "engine_died"
        assert "could not start" in failed.message
        assert "ModuleNotFoundError" in failed.detail
        assert broken.state.name == "failed"
    finally:
        broken.stop()


@pytest.mark.parametrize(
    "program", [SCRIPTED, pytest.param("backend.comfy", marks=pytest.mark.everything)], ids=["scripted", "ComfyUI"]
)
def test_the_engine_ends_when_the_process_that_started_it_is_killed(demo_settings: Settings, program: str) -> None:
    code = (
        "import sys, time; from settings import Settings; from backend.process import EngineProcess\n"
        "engine = EngineProcess(Settings.model_validate_json(sys.argv[1]), program=sys.argv[2]); engine.start()\n"
        "while engine.state.name != 'ready': time.sleep(0.1)\n"
        "print(engine.pid, flush=True); time.sleep(600)"
    )
    arguments = [sys.executable, "-c", code, demo_settings.model_dump_json(), program]
    parent = subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    psutil.Process(pid).wait(timeout=20)
