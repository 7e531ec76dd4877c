"""The queue on a real Ray cluster of two nodes: what it makes there, and what becomes of it when one is lost."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from support import clips, media_files, runs, s3_server

from errors import ClusterError
from events import Cancelled, Output, Phase, Preview
from jobs import CallerQueue, JobQueue, Submission
from settings import Settings
from tools.measure import ray_cluster

pytestmark = pytest.mark.everything


@pytest.fixture(scope="module")
def store() -> Iterator[s3_server.Store]:
    with s3_server.Store() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes of the app and of two nodes, which share nothing but demo models."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "demo_models").mkdir()
    for home in ("app", "node-1", "node-2"):
        (folder / home).mkdir()
        (folder / home / "demo_models").symlink_to(folder / "demo_models")
    return folder


def node(folder: Path, number: int) -> dict[str, str]:
    # Each node is to be as fast as its one core, also where the other one works.
    return {"KINORA_HOME": str(folder / f"node-{number}"), "KINORA_DEVICE": "cpu", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture(scope="module")
def cluster(store: s3_server.Store, folder: Path) -> Iterator[ray_cluster.Cluster]:
    with ray_cluster.running() as found:
        for number in (1, 2):
            found.add(node(folder, number))
        yield found


@pytest.fixture(scope="module")
def settings(cluster: ray_cluster.Cluster, folder: Path) -> Settings:
    home = folder / "app"
    return Settings(
        home=home, device="cpu", demo="always", cancel_timeout=5, ray=cluster.address, exchange="s3://kinora/test"
    )


@pytest.fixture(scope="module")
def job_queue(settings: Settings) -> Iterator[JobQueue]:
    """The queue with an engine on each node, both ready."""
    queue = JobQueue(settings)
    queue.start()
    runs.until(lambda: [engine.state.name for engine in queue.engines] == ["ready", "ready"])
    yield queue
    queue.stop()


@pytest.fixture(scope="module")
def queue(job_queue: JobQueue) -> CallerQueue:
    return CallerQueue(job_queue)


def busy(queue: CallerQueue) -> list[int]:
    return [engine.task for engine in queue.state().engines if engine.task is not None]


def submit(queue: CallerQueue, clip: dict[str, Any], count: int) -> list[int]:
    values = {**clip, "seed": None}
    job = queue.submit(Submission(mode="t2v", values=values, tries=count))
    return [task.id for task in queue.tasks(job=job.id, limit=50).tasks]


def test_without_ray_the_setting_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # Python then finds no such package
    with pytest.raises(ClusterError) as told:
        JobQueue(Settings(home=tmp_path, ray="auto")).start()
    assert "requirements-cluster.txt" in told.value.hint


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "ray://127.0.0.1:10001"])
def test_an_address_without_a_cluster_is_explained(tmp_path: Path, address: str) -> None:
    queue = JobQueue(Settings(home=tmp_path, ray=address))
    with pytest.raises(ClusterError) as told:
        queue.start()
    assert address in told.value.message
    assert "KINORA_RAY" in told.value.hint
    queue.stop()


def test_an_exchange_that_refuses_is_explained_without_its_secrets(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    queue = JobQueue(settings.model_copy(update={"home": tmp_path}))
    with pytest.raises(ClusterError) as told:
        queue.start()
    assert "s3://kinora/test" in told.value.message
    assert s3_server.SECRET not in f"{told.value.message} {told.value.hint} {told.value.detail}"
    queue.stop()


def test_nodes_that_share_the_home_folder_need_no_exchange(settings: Settings, clip: dict[str, Any]) -> None:
    queue = JobQueue(settings.model_copy(update={"exchange": None, "workers": 1}))
    queue.start()
    caller = CallerQueue(queue)
    last = runs.last(caller, runs.submit(caller, "t2v", clip))
    assert isinstance(last, Output), last
    assert last.files[0].is_relative_to(settings.outputs_dir)
    assert clips.read(last.files[0]).pictures.shape == (9, 128, 128, 3)
    queue.stop()


def test_both_nodes_work_at_once_and_tell_while_they_do(
    job_queue: JobQueue, queue: CallerQueue, store: s3_server.Store, clip: dict[str, Any]
) -> None:
    tasks = submit(queue, clip | {"steps": 30}, 2)
    assert len({engine.pid for engine in job_queue.engines}) == 2
    events = list(queue.events(tasks[0]))
    assert isinstance(events[-1], Output), events[-1]
    assert any(isinstance(event, Preview) for event in events)
    labels = [event.label for event in events if isinstance(event, Phase)]
    assert list(dict.fromkeys(labels)) == [phase.label for phase in queue.task(tasks[0]).phases]
    assert isinstance(list(queue.events(tasks[1]))[-1], Output)
    times = [(task.started, task.ended) for task in map(queue.task, tasks)]
    assert max(started for started, _ in times if started) < min(ended for _, ended in times if ended)


def test_inputs_get_there_once_and_results_back_and_nothing_of_them_stays(
    job_queue: JobQueue, queue: CallerQueue, store: s3_server.Store, folder: Path, clip: dict[str, Any], tmp_path: Path
) -> None:
    picture = tmp_path / "kite.png"
    Image.fromarray(media_files.quadrants()).save(picture)
    before = store.count("PUT", "inputs")
    for seed in (1, 2):
        last = runs.last(queue, runs.submit(queue, "i2v", clip | {"image": str(picture), "seed": seed}))
        assert isinstance(last, Output), last
        assert clips.read(last.files[0]).pictures.shape == (9, 128, 128, 3)
    assert store.count("PUT", "inputs") == before + 1
    assert not [name for name in store.objects if "/results/" in name]
    assert not [file for file in folder.glob("node-*/outputs/running/*") if file.is_file()]


def test_a_running_task_is_cancelled_softly(job_queue: JobQueue, queue: CallerQueue) -> None:
    pids = [engine.pid for engine in job_queue.engines]
    task = runs.submit(queue, "t2v", runs.LONG)
    events = []
    for event in queue.events(task.id):
        events.append(event)
        if isinstance(event, Phase) and event.step == 2:
            runs.cancel(queue, task)
    assert isinstance(events[-1], Cancelled)
    assert [engine.pid for engine in job_queue.engines] == pids


def test_the_tasks_of_a_lost_node_run_once_each_on_the_other_and_the_node_can_come_back(
    job_queue: JobQueue, queue: CallerQueue, cluster: ray_cluster.Cluster, folder: Path, clip: dict[str, Any]
) -> None:
    files_before = set(queue.settings.outputs_dir.rglob("*.mp4"))
    tasks = submit(queue, clip | {"steps": 20}, 6)
    runs.until(lambda: len(busy(queue)) == 2)
    (engine,) = engines_below(folder / "node-2")
    os.kill(engine, signal.SIGSTOP)  # whatever it has now, or gets next, is not done when the node is lost
    runs.until(lambda: len(busy(queue)) == 2)
    cluster.kill(cluster.nodes[1])
    os.kill(engine, signal.SIGCONT)  # it ends itself
    outputs = [list(queue.events(task))[-1] for task in tasks]
    assert all(isinstance(output, Output) for output in outputs), outputs
    assert sorted(queue.task(task).attempts for task in tasks) == [0, 0, 0, 0, 0, 1]
    made = {file for output in outputs if isinstance(output, Output) for file in output.files}
    assert made == set(queue.settings.outputs_dir.rglob("*.mp4")) - files_before
    assert len(made) == len(tasks)
    for file in made:
        assert clips.read(file).pictures.shape == (9, 128, 128, 3)
    assert queue.state().blocked_reason == ""
    assert sorted(engine.state for engine in queue.state().engines)[0] in ("busy", "ready")
    runs.until(lambda: not engines_below(folder / "node-2"))
    cluster.add(node(folder, 2))
    runs.until(lambda: [engine.state.name for engine in job_queue.engines] == ["ready", "ready"])
    tasks = submit(queue, clip, 2)
    assert all(isinstance(list(queue.events(task))[-1], Output) for task in tasks)


def engines_below(home: Path) -> list[int]:
    """Engines that still write their log into a home."""
    found = []
    for process in psutil.process_iter():
        try:
            log = os.readlink(f"/proc/{process.pid}/fd/1")
        except OSError:  # it has just ended, or is the kernel's
            continue
        if log.startswith(str(home)):
            found.append(process.pid)
    return found
