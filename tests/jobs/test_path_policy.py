"""Which files a submission may name by their paths, whoever sends it. No engine runs here."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.store_rows import Store

from errors import ForbiddenError
from jobs import Batch, Caller, CallerQueue, JobQueue, Selection, Submission
from settings import PROJECT, Settings

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
PICTURE = PROJECT / "examples" / "landscape.png"


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "inside"
    folder.mkdir(parents=True)
    shutil.copy(PICTURE, folder / "kite.png")
    return folder.parent


@pytest.fixture
def job_queue(tmp_path: Path, allowed: Path) -> JobQueue:
    return JobQueue(Settings(home=tmp_path / "home", device="cpu", demo="always", allowed_dirs=[allowed]))


def remote(job_queue: JobQueue, visitor: str = "") -> CallerQueue:
    """The queue as somebody sees it who comes over REST."""
    return CallerQueue(job_queue, Caller(visitor, uploads=job_queue.settings.uploads_dir))


def from_image(file: Path, **more: Any) -> Submission:
    return Submission(mode="i2v", values=VALUES | {"image": str(file)}, **more)


def may_name(queue: CallerQueue, file: Path) -> bool:
    try:
        queue.plan(from_image(file))
    except ForbiddenError:
        return False
    return True


def test_files_below_the_allowed_folders_may_be_named_and_others_may_not(job_queue: JobQueue, allowed: Path) -> None:
    queue = remote(job_queue)
    beside = Path(shutil.copy(PICTURE, allowed.parent / "secret.png"))
    also_named_so = allowed.parent / "allowed-not"
    also_named_so.mkdir()
    shutil.copy(PICTURE, also_named_so / "kite.png")
    assert may_name(queue, allowed / "inside" / "kite.png")
    assert may_name(queue, PICTURE)  # an example
    assert not may_name(queue, beside)
    assert not may_name(queue, also_named_so / "kite.png")
    assert not may_name(queue, allowed / ".." / "secret.png")
    assert may_name(CallerQueue(job_queue), beside)  # the person at this machine


def test_a_link_in_an_allowed_folder_does_not_lead_out_of_it(job_queue: JobQueue, allowed: Path) -> None:
    secret = Path(shutil.copy(PICTURE, allowed.parent / "secret.png"))
    (allowed / "link.png").symlink_to(secret)
    (allowed / "folder").symlink_to(allowed.parent)
    (allowed / "itself.png").symlink_to(allowed / "inside" / "kite.png")
    queue = remote(job_queue)
    assert not may_name(queue, allowed / "link.png")
    assert not may_name(queue, allowed / "folder" / "secret.png")
    assert may_name(queue, allowed / "itself.png")


def test_a_folder_of_a_batch_has_to_be_allowed_before_it_is_read(job_queue: JobQueue, allowed: Path) -> None:
    queue = remote(job_queue)
    plan = queue.plan(Submission(mode="i2v", values=VALUES, batch=Batch(folder=allowed / "inside")))
    assert (plan.tasks, plan.problems) == (1, [])
    with pytest.raises(ForbiddenError, match="outside the allowed folders"):
        queue.plan(Submission(mode="i2v", values=VALUES, batch=Batch(folder=allowed.parent)))


def made(job_queue: JobQueue, caller: CallerQueue, name: str) -> Path:
    """The output of a task of this caller's."""
    task = caller.first_task(caller.submit(Submission(mode="t2v", values=VALUES)).id)
    store, worker = Store(job_queue.database), "home/one/engine"
    claim = store.transitions.claim(worker, only_task=task)
    assert claim is not None
    file = job_queue.settings.outputs_dir / "2026-01-01" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(PICTURE, file)
    assert store.transitions.succeed(task, worker, [str(file)], 1.0, {})
    return file


def test_visitors_may_name_only_their_own_outputs_and_inputs(job_queue: JobQueue) -> None:
    ada, ben = remote(job_queue, "ada"), remote(job_queue, "ben")
    output = made(job_queue, ada, "kite_7.png")
    kept = ada.task(ada.first_task(ada.submit(from_image(PICTURE)).id)).values["image"]
    assert Path(kept).parent == job_queue.inputs.folder
    for file in (output, Path(kept)):
        assert may_name(ada, file)
        assert may_name(remote(job_queue), file)  # where visitors are not apart
        assert not may_name(ben, file)
    unknown = Path(shutil.copy(PICTURE, output.with_name("of_nobody.png")))
    prepared = Path(shutil.copy(PICTURE, job_queue.settings.inputs_dir / "prepared.png"))
    assert not may_name(ada, unknown)
    assert not may_name(ada, prepared)


def test_an_allowed_folder_around_kinoras_own_does_not_open_what_others_made(tmp_path: Path) -> None:
    job_queue = JobQueue(Settings(home=tmp_path / "home", device="cpu", demo="always", allowed_dirs=[tmp_path]))
    output = made(job_queue, remote(job_queue, "ada"), "kite_7.png")
    assert may_name(remote(job_queue, "ada"), output)
    assert not may_name(remote(job_queue, "ben"), output)


def test_the_home_may_be_named_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    job_queue = JobQueue(Settings(home=tmp_path / "home", device="cpu", demo="always"))
    output = made(job_queue, remote(job_queue, "ada"), "kite_7.png")
    assert may_name(remote(job_queue, "ada"), output)
    assert may_name(remote(job_queue, "ada"), Path(os.path.realpath(output)))


def test_the_check_reads_no_task_however_many_there_are(job_queue: JobQueue) -> None:
    ada = remote(job_queue, "ada")
    output = made(job_queue, ada, "kite_7.png")
    ada.submit(Submission(mode="t2v", values=VALUES, tries=300))
    ada.cancel(Selection(status="queued"))
    statements: list[str] = []

    def listen(_conn: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
        statements.append(statement)

    engine = job_queue.database._engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert may_name(ada, output)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert not any("details" in statement for statement in statements)
    assert sum("outputs.path" in statement for statement in statements) == 1
