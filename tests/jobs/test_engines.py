"""How many engines work and which GPU each gets, asked of a driver's program as it is on a machine with several."""

import os
from pathlib import Path
from typing import Any

import pytest
from support import runs
from support.scripted_engine import PROGRAM

import host
from backend.process import ENGINE, EngineProcess
from jobs import CallerQueue, JobQueue
from jobs.work.engines import engines
from settings import Settings


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts an nvidia-smi that lists so many GPUs first on the path. It is asked anew."""

    def install(count: int, exit_code: int = 0) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        lines = [f"GPU {number}: NVIDIA H100 80GB HBM3 (UUID: GPU-{number:08})" for number in range(count)]
        program = folder / "nvidia-smi"
        program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines) + f"exit {exit_code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        forget()

    def forget() -> None:
        host.nvidia_gpus.cache_clear()
        host.accelerator.cache_clear()

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield install
    forget()


def devices(found: dict[str, EngineProcess]) -> dict[str, str | None]:
    return {name: engine.settings.cuda_device for name, engine in found.items()}


def test_each_gpu_gets_an_engine(gpus: Any, tmp_path: Path) -> None:
    gpus(3)
    settings = Settings(home=tmp_path)
    assert settings.resolved_device == "cuda"
    assert not settings.use_demo
    assert devices(engines(settings, settings.workers)) == {"engine-1": "0", "engine-2": "1", "engine-3": "2"}


def test_one_gpu_gets_the_one_engine(gpus: Any, tmp_path: Path) -> None:
    gpus(1)
    assert devices(engines(Settings(home=tmp_path), None)) == {"engine": "0"}


def test_more_workers_than_gpus_share_them_in_turn(gpus: Any, tmp_path: Path) -> None:
    gpus(2)
    found = devices(engines(Settings(home=tmp_path, workers=3), 3))
    assert found == {"engine-1": "0", "engine-2": "1", "engine-3": "0"}


def test_a_command_that_runs_one_job_takes_the_first_gpu(gpus: Any, tmp_path: Path) -> None:
    gpus(2)
    assert devices(engines(Settings(home=tmp_path), 1)) == {"engine": "0"}


@pytest.mark.parametrize(("setting", "variable"), [("2, 5", None), (None, "2,5")])
def test_only_the_devices_that_were_chosen_are_used(
    gpus: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str | None, variable: str | None
) -> None:
    gpus(8)
    if variable:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    settings = Settings(home=tmp_path, cuda_device=setting)
    assert devices(engines(settings, None)) == {"engine-1": "2", "engine-2": "5"}


def test_a_driver_that_does_not_answer_means_no_gpu(gpus: Any, tmp_path: Path) -> None:
    gpus(2, exit_code=9)
    settings = Settings(home=tmp_path)
    assert settings.resolved_device == "cpu"
    assert devices(engines(settings, None)) == {"engine": None}


def test_without_a_gpu_as_many_engines_work_as_workers_are_wanted(tmp_path: Path) -> None:
    found = engines(Settings(home=tmp_path, device="cpu"), 2)
    assert devices(found) == {"engine-1": None, "engine-2": None}
    assert {engine.program for engine in found.values()} == {ENGINE}


def test_engines_of_several_gpus_work_at_the_same_time(gpus: Any, tmp_path: Path) -> None:
    gpus(2)
    job_queue = JobQueue(Settings(home=tmp_path, demo="always"), engine_program=PROGRAM)
    job_queue.start()
    queue = CallerQueue(job_queue)
    try:
        runs.until(lambda: [each.state for each in queue.state().engines] == ["ready", "ready"], 20)
        assert [each.name for each in queue.state().engines] == ["engine-1", "engine-2"]
    finally:
        job_queue.stop()
