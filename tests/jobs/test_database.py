"""The database of the queue: its versions, how it finds rows, and what a full disk or a neighbour does to it."""

import multiprocessing
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import MetaData, create_engine, event, text
from support.store_rows import GRAPH, Store, plans

from errors import StorageError
from jobs import CallerQueue, JobQueue, Submission
from jobs.store import database
from jobs.store.database import MIGRATIONS, Database, migrate
from jobs.store.schema import metadata
from jobs.types import OWNER, STATUSES, Caller, Selection
from settings import Settings

REVISIONS = sorted(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))

OLD: dict[str, dict[str, Any]] = {
    "jobs": {"id": 1, "name": "old", "mode": "t2v", "priority": 0, "submission": {}, "created": 1.0},
    "tasks": {"id": 1, "job": 1, "mode": "t2v", "label": "an old kite", "status": "queued", "priority": 0}
    | {"position": 1, "seed": "7", "size": "", "timing": "t2v", "attempts": 0, "interruptions": 0, "beat": 0}
    | {"stopping": False, "error": "", "outputs": 0, "created": 1.0, "models": "", "passed": 0},
    "details": {"task": 1, "values": {"seed": 7}, "announced": {}, "graph": {"1": {"class_type": "X", "inputs": {}}}}
    | {"stages": {}, "outputs": [], "stage_seconds": {}},
    "log": {"task": 1, "time": 1.0, "text": "Submitted"},
}
"""A job with a queued task; each version takes the columns that it knows."""


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    address = None if request.param == "sqlite" else request.getfixturevalue("new_postgresql_database")()
    return Settings(home=tmp_path, database=address)


def as_it_was(settings: Settings, revision: str) -> None:
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        migrate(connection, revision)
        tables = MetaData()
        tables.reflect(connection)
        for name, row in OLD.items():
            table = tables.tables[name]
            connection.execute(table.insert().values({key: row[key] for key in row if key in table.c}))
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_older_database_is_brought_forward_with_all_that_is_in_it(settings: Settings, revision: str) -> None:
    as_it_was(settings, revision)
    database = Database(settings)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    claim = Store(database).claim()
    assert (claim.task, claim.values, claim.models) == (1, {"seed": 7}, "")
    assert Store(database).queries.task(OWNER, 1).log[0].text == "Submitted"
    database.close()


def test_what_an_older_kinora_made_is_found_by_its_path(settings: Settings) -> None:
    as_it_was(settings, "0003")
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("""UPDATE details SET outputs = '["/made/kite.mp4", "/made/kite_stage_1.mp4"]'"""))
    engine.dispose()
    database = Database(settings)
    queries = Store(database).queries
    assert queries.task(OWNER, 1).outputs == ["/made/kite.mp4", "/made/kite_stage_1.mp4"]
    assert queries.made(OWNER, [Path("/made/kite_stage_1.mp4")])
    assert not queries.made(Caller("ada"), [Path("/made/kite.mp4")])
    database.close()


def test_a_database_of_a_newer_kinora_is_refused_and_left_alone(settings: Settings) -> None:
    database = Database(settings)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer Kinora") as refused:
        Database(settings)
    assert f"this Kinora knows {REVISIONS[-1]}" in refused.value.hint
    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def open_and_count(settings: Settings) -> int:
    return sum(Store(Database(settings)).queries.counts(OWNER).model_dump().values())


@pytest.mark.everything
def test_several_processes_may_bring_it_forward_at_once(settings: Settings) -> None:
    as_it_was(settings, REVISIONS[0])
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(open_and_count, [settings] * 4)) == [1] * 4


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Ten thousand tasks in a hundred jobs."""
    store = Store(Database(Settings(home=tmp_path_factory.mktemp("full"))))
    for number in range(100):
        status = STATUSES[number % len(STATUSES)]
        store.fill(100, job=store.job(f"job {number}"), status=status, ended=float(number), timing=f"kind {number % 7}")
    return store


HOT = {
    "claim": lambda store: store.claim(loaded="ltx"),
    "renew leases": lambda store: store.transitions.renew(["home/one/engine"]),
    "look at leases": lambda store: store.transitions.leases(),
    "place": lambda store: store.transitions.record_moves(1, "home/one/engine", []),
    "succeed": lambda store: store.transitions.succeed(1, "home/one/engine", ["/outputs/a.mp4"], 1.0, {}),
    "whose output": lambda store: store.queries.made(Caller("ada"), [Path("/outputs/a.mp4")]),
    "whose input": lambda store: store.queries.kept_for(Caller("ada"), "kite.png"),
    "give back": lambda store: store.transitions.requeue(1, "", "why"),
    "cancel one": lambda store: store.commands.cancel(OWNER, Selection(tasks=[5000])),
    "retry one": lambda store: store.commands.retry(OWNER, Selection(tasks=[150]), None),
    "to the front": lambda store: store.commands.move_to_front(OWNER, Selection(tasks=[201])),
    "first page": lambda store: store.queries.tasks(OWNER, STATUSES, None, "", 50, None),
    "a job's page": lambda store: store.queries.tasks(OWNER, STATUSES, 3, "", 50, None),
    "counts": lambda store: store.queries.counts(OWNER),
    "jobs": lambda store: store.queries.jobs(OWNER, 50, None, ""),
    "place in the queue": lambda store: store.queries.ahead(250),
    "earlier runs": lambda store: (store.queries.run_times("kind 1"), store.queries.phase_times_like(150)),
    "what waits": lambda store: store.queries.queued_kinds(),
    "one task": lambda store: store.queries.task(OWNER, 7),
    "a job's tasks": lambda store: store.queries.tasks_of(OWNER, 3),
}


@pytest.mark.parametrize("act", HOT)
def test_every_hot_query_uses_an_index(full: Store, act: str) -> None:
    statements: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(full.database._engine, "before_cursor_execute", listen)
    try:
        HOT[act](full)
    finally:
        event.remove(full.database._engine, "before_cursor_execute", listen)
    found = plans(full.database, [each for each in statements if each[0].startswith(("SELECT", "UPDATE", "DELETE"))])
    assert found
    for statement, plan in found:
        by_id = "FROM jobs ORDER BY jobs.id DESC" in statement.replace("\n", "").replace("  ", " ")
        for step in plan.splitlines():
            assert by_id or not step.startswith("SCAN") or "USING COVERING INDEX" in step, (statement, plan)
        sorted_by_hand = "USE TEMP B-TREE FOR ORDER BY" in plan
        assert not sorted_by_hand or "LIMIT" not in statement, (statement, plan)


def hold(file: Path, seconds: float) -> threading.Thread:
    """Another program that has the database locked for so long, from now on."""
    locked = threading.Event()

    def work() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        locked.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert locked.wait(10)
    return thread


@pytest.mark.everything
def test_a_database_locked_for_ten_seconds_is_waited_for(tmp_path: Path) -> None:
    queue = CallerQueue(JobQueue(Settings(home=tmp_path, device="cpu", demo="always")))
    thread = hold(tmp_path / "kinora.db", 10)
    job = queue.submit(Submission(mode="t2v", values={"prompt": "a patient kite"}))
    thread.join()
    assert job.counts.queued == 1


def test_a_database_locked_for_too_long_is_reported_and_the_next_try_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.3)
    store = Store(Database(Settings(home=tmp_path)))
    thread = hold(tmp_path / "kinora.db", 1.5)
    with pytest.raises(StorageError, match="was busy for more than"):
        store.fill()
    assert store.queries.counts(OWNER).queued == 0  # readers never wait
    thread.join()
    store.fill()
    assert store.queries.counts(OWNER).queued == 1


@pytest.mark.everything
def test_a_full_disk_is_reported_loses_nothing_and_work_continues_once_there_is_room(small_disk: Path) -> None:
    store = Store(Database(Settings(home=small_disk)))
    before = store.fill(20, graph=GRAPH)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 8192))

    def submit_for_ever() -> None:
        while True:
            store.fill(20, graph=GRAPH)

    with pytest.raises(StorageError, match="disk with the queue's database is full") as full:
        submit_for_ever()
    assert "nothing queued is lost" in full.value.hint
    kept = store.queries.counts(OWNER).queued
    assert kept % 20 == 0  # a submission is there whole, or not at all
    filler.unlink()
    assert store.claim().task == before[0]
    store.fill(20, graph=GRAPH)
    counts = store.queries.counts(OWNER)
    assert (counts.queued, counts.running) == (kept + 19, 1)
    store.database.close()


@pytest.mark.parametrize("damage", ["not a database", "first page", "middle", "cut short"])
def test_a_damaged_database_is_kept_aside_byte_for_byte_and_said(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "kinora.db"
    store = Store(Database(Settings(home=tmp_path)))
    store.fill(50, graph=GRAPH)
    store.database.close()
    content = bytearray(file.read_bytes())
    match damage:
        case "not a database":
            content = bytearray(b"shopping list: eggs\n" * 500)
        case "first page":
            content[0:2000] = bytes(range(250)) * 8
        case "middle":
            content[4096:-4096] = b"\xff" * (len(content) - 8192)
        case "cut short":
            del content[len(content) // 2 :]
    file.write_bytes(content)
    database = Database(Settings(home=tmp_path))
    (aside,) = tmp_path.glob("kinora.db.damaged-*")
    assert aside.read_bytes() == content
    assert f"It is kept as {aside}" in database.opening_message
    assert Store(database).queries.counts(OWNER).queued == 0
    assert Store(database).fill()
    database.close()


def test_errors_of_a_database_contain_neither_its_address_nor_what_is_stored(tmp_path: Path) -> None:
    server = SecretStr("postgresql+psycopg://kite@127.0.0.1:1/swan?connect_timeout=2")
    with pytest.raises(StorageError, match="cannot be reached") as unreachable:
        Database(Settings(home=tmp_path, database=server))
    assert not [word for word in ("kite", "127.0.0.1", "swan") if word in unreachable.value.words]
    assert not unreachable.value.detail
    store = Store(Database(Settings(home=tmp_path)))
    with pytest.raises(StorageError) as refused, store.database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:prompt)"), {"prompt": "a secret kite"})
    assert refused.value.detail == "no such table: nowhere"


def test_a_database_that_cannot_be_opened_is_reported_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kinora.db").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        Database(Settings(home=tmp_path))
    assert (tmp_path / "kinora.db").is_dir()


def test_a_server_that_does_not_answer_is_reported_without_its_password(tmp_path: Path) -> None:
    address = "postgresql+psycopg://kinora:hunter2@127.0.0.1:1/kinora?connect_timeout=2"
    with pytest.raises(StorageError) as told:
        Database(Settings(home=tmp_path, database=SecretStr(address)))
    assert "hunter2" not in told.value.message + told.value.hint + told.value.detail
