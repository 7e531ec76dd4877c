"""Files around the store: inputs that are kept and removed, results on their way to their place, the folder's lock."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from support.store_rows import Store

from jobs import CallerQueue, JobQueue, Selection, Submission
from jobs.files.kept_inputs import KeptInputs
from jobs.files.outputs import Outputs
from jobs.store.database import Database
from jobs.store.schema import inputs as kept_inputs
from jobs.types import OWNER
from jobs.work.instance_lock import InstanceLock, find_running
from jobs.work.live_events import Revisions, TaskFeeds
from jobs.work.maintenance import Maintenance
from settings import PROJECT, Settings

EXAMPLES = PROJECT / "examples"
CLIP = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3, "seed": 7}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", device="cpu", demo="always")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder on another file system than the home's."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def age(queue: JobQueue, days: float) -> None:
    """As if all that is kept had been used so long ago."""
    then = time.time() - days * 86_400
    with Database(queue.settings).write() as connection:
        connection.execute(update(kept_inputs).values(used=then))
    for file in queue.settings.inputs_dir.rglob("*.*"):
        os.utime(file, (then, then))


def picture(folder: Path, name: str, example: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes((EXAMPLES / example).read_bytes())
    return file


def test_kept_inputs_have_their_own_names_and_one_file_for_each_content(settings: Settings, tmp_path: Path) -> None:
    inputs = KeptInputs(Database(settings), settings)
    first = inputs.keep(picture(tmp_path / "a", "My kite!.PNG", "landscape.png"))
    other = inputs.keep(picture(tmp_path / "b", "My kite!.PNG", "portrait.png"))
    again = inputs.keep(picture(tmp_path / "c", "another name.png", "landscape.png"))
    assert first.suffix == other.suffix == ".png"
    assert other.stem == f"{first.stem}__2"
    assert again == first
    assert other.read_bytes() == (EXAMPLES / "portrait.png").read_bytes()
    assert len(list(inputs.folder.iterdir())) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a second file system that anybody may write to")
def test_a_copy_is_made_where_a_link_cannot_be(settings: Settings, memory: Path) -> None:
    inputs = KeptInputs(Database(settings), settings)
    original = picture(memory, "far.png", "portrait.png")
    kept = inputs.keep(original)
    assert kept.stat().st_dev != original.stat().st_dev
    original.write_bytes(b"edited")
    assert kept.read_bytes() == (EXAMPLES / "portrait.png").read_bytes()


def test_a_kept_file_that_someone_removed_is_copied_again(settings: Settings, tmp_path: Path) -> None:
    inputs = KeptInputs(Database(settings), settings)
    original = picture(tmp_path, "kite.png", "portrait.png")
    inputs.keep(original).unlink()
    assert inputs.keep(original).is_file()


def test_only_old_inputs_that_nothing_waits_for_are_removed_and_each_is_logged(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job_queue = JobQueue(settings)
    queue = CallerQueue(job_queue)
    needed, finished = (
        queue.submit(Submission(mode="i2v", values=CLIP | {"image": str(picture(tmp_path, name, example))}))
        for name, example in (("needed.png", "landscape.png"), ("finished.png", "portrait.png"))
    )
    queue.cancel(Selection(jobs=[finished.id]))
    age(job_queue, days=20)
    assert job_queue.inputs.stale() == []  # 30 days are the setting
    stale = job_queue.inputs.stale(days=10)
    assert [each.path.name for each in stale] == ["finished.png"]
    assert stale[0].days == pytest.approx(20, abs=0.01)
    with caplog.at_level(logging.INFO, "kinora.retention"):
        job_queue.inputs.remove(stale)
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [f"Removed {stale[0].path}"]
    assert [file.name for file in job_queue.inputs.folder.iterdir()] == ["needed.png"]
    detail = queue.task(queue.first_task(finished.id))
    assert detail.inputs[0].original == str(tmp_path / "finished.png")  # people still see where it came from
    assert queue.job(needed.id).counts.queued == 1


def swept(settings: Settings, job_queue: JobQueue) -> None:
    """After the first of the sweeps that a working Kinora does by itself."""
    parts = (Outputs(settings), job_queue.inputs, TaskFeeds(), Revisions())
    maintenance = Maintenance(settings, Store(job_queue.database).transitions, *parts, "home")
    stopping = threading.Event()
    maintenance.start(lambda: [], stopping)
    time.sleep(0.5)
    stopping.set()


@pytest.mark.parametrize(("days", "gone"), [(2.0, True), (30.0, False)])
def test_the_setting_says_for_how_many_days_inputs_are_kept(
    settings: Settings, tmp_path: Path, days: float, gone: bool
) -> None:
    settings = settings.model_copy(update={"keep_inputs_days": days, "lease_seconds": 0.6})
    job_queue = JobQueue(settings)
    queue = CallerQueue(job_queue)
    file = picture(tmp_path, "kite.png", "portrait.png")
    job = queue.submit(Submission(mode="i2v", values=CLIP | {"image": str(file)}))
    queue.cancel(Selection(jobs=[job.id]))
    age(job_queue, days=3)
    assert [each.path.name for each in job_queue.inputs.stale()] == ["kite.png"] * gone
    swept(settings, job_queue)
    assert (job_queue.inputs.folder / "kite.png").exists() != gone


@pytest.mark.parametrize(
    ("space", "hours", "gone"), [("a/space", 2.0, True), ("a/space", 30.0, False), ("", 2.0, False)]
)
def test_only_a_space_removes_outputs_and_the_setting_says_after_how_many_hours(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, space: str, hours: float, gone: bool
) -> None:
    monkeypatch.setenv("SPACE_ID", space)
    settings = settings.model_copy(update={"keep_outputs_hours": hours, "lease_seconds": 0.6})
    output = Path(lying(settings.outputs_dir / "2026-01-01", "kite_7.mp4", b"clip"))
    then = time.time() - 3 * 3600
    os.utime(output, (then, then))
    swept(settings, JobQueue(settings))
    assert output.exists() != gone


def test_an_input_that_was_submitted_again_after_the_list_was_made_is_not_removed(
    settings: Settings, tmp_path: Path
) -> None:
    job_queue = JobQueue(settings)
    queue = CallerQueue(job_queue)
    file = picture(tmp_path, "kite.png", "portrait.png")
    submission = Submission(mode="i2v", values=CLIP | {"image": str(file)})
    queue.cancel(Selection(jobs=[queue.submit(submission).id]))
    stale = job_queue.inputs.stale(days=0)
    assert [each.path.name for each in stale] == ["kite.png"]
    queue.submit(submission)
    job_queue.inputs.remove(stale)
    assert (job_queue.inputs.folder / "kite.png").is_file()


def lying(folder: Path, name: str, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return str(folder / name)


def recovered(settings: Settings, store: Store) -> None:
    parts = (Outputs(settings), KeptInputs(store.database, settings), TaskFeeds(), Revisions())
    Maintenance(settings, store.transitions, *parts, "home").recover()


Crash = Callable[[Path, Path], list[list[str]]]


def before_the_move(running: Path, day: Path) -> list[list[str]]:
    return [[lying(running, "r.mp4", b"clip"), str(day / "kite_7.mp4")]]


def after_the_move(running: Path, day: Path) -> list[list[str]]:
    return [[str(running / "r.mp4"), lying(day, "kite_7.mp4", b"clip")]]


def between_two_moves(running: Path, day: Path) -> list[list[str]]:
    moves = [[str(running / "r.png"), lying(day, "kite_7.png", b"still")]]
    return [*moves, [lying(running, "r.mp4", b"clip"), str(day / "kite_7.mp4")]]


@pytest.mark.parametrize("crash", [before_the_move, after_the_move, between_two_moves])
def test_a_crash_while_a_result_is_moved_loses_no_result_and_makes_none_twice(settings: Settings, crash: Crash) -> None:
    store = Store(Database(settings))
    (task,) = store.fill()
    store.claim()
    moves = crash(settings.outputs_dir / "running", settings.outputs_dir / "2026-01-01")
    assert store.transitions.record_moves(task, "home/one/engine", moves)
    recovered(settings, store)
    assert store.status(task) == "succeeded"
    assert store.queries.task(OWNER, task).outputs == [target for _, target in moves]
    assert all(Path(target).read_bytes() in (b"clip", b"still") for _, target in moves)
    assert store.transitions.claim("home/one/engine") is None
    recovered(settings, store)  # a second crash at once changes nothing
    assert store.status(task) == "succeeded"


def test_a_result_that_is_lost_is_made_again(settings: Settings) -> None:
    store = Store(Database(settings))
    (task,) = store.fill()
    store.claim()
    store.transitions.record_moves(
        task, "home/one/engine", [[str(settings.outputs_dir / "a"), str(settings.outputs_dir / "b")]]
    )
    recovered(settings, store)
    assert store.claim().task == task


def test_a_file_that_appeared_at_the_target_meanwhile_is_not_overwritten(settings: Settings) -> None:
    store = Store(Database(settings))
    (task,) = store.fill()
    store.claim()
    day = settings.outputs_dir / "2026-01-01"
    moves = before_the_move(settings.outputs_dir / "running", day)
    store.transitions.record_moves(task, "home/one/engine", moves)
    lying(day, "kite_7.mp4", b"a stranger's")
    recovered(settings, store)
    assert store.queries.task(OWNER, task).outputs == [str(day / "kite_7__2.mp4")]
    assert (day / "kite_7.mp4").read_bytes() == b"a stranger's"
    assert (day / "kite_7__2.mp4").read_bytes() == b"clip"


def test_half_written_files_of_engines_are_removed_at_the_start(settings: Settings) -> None:
    lying(settings.outputs_dir / "running", "9-abc_00001_.mp4", b"half")
    recovered(settings, Store(Database(settings)))
    assert not (settings.outputs_dir / "running").exists()


HOLDING = """
import sys, time
from pathlib import Path
from jobs.work.instance_lock import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
lock.acquire()
lock.announce_address("http://127.0.0.1:7999")
print("held", flush=True)
time.sleep(600)
"""


def test_the_lock_tells_who_holds_it_and_falls_when_its_holder_is_killed(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = find_running(tmp_path)
        assert found is not None
        assert (found.pid, found.url) == (child.pid, "http://127.0.0.1:7999")
        assert len(found.token) >= 32
        assert (tmp_path / "kinora.json").stat().st_mode & 0o777 == 0o600  # the token opens the API
        child.send_signal(signal.SIGKILL)
    assert (tmp_path / "kinora.json").is_file()
    assert find_running(tmp_path) is None
    lock = InstanceLock(tmp_path)
    lock.acquire()
    lock.release()
