"""The queue's store by itself, on SQLite and on a real PostgreSQL server: what may happen to a task, and by whom."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text, update
from support.store_rows import Store

from errors import InvalidInputError
from jobs.files.kept_inputs import KeptInputs
from jobs.files.outputs import Outputs
from jobs.store.database import Database
from jobs.store.insert import Draft, JobInserter
from jobs.store.schema import tasks
from jobs.store.transitions import (
    ALLOWED_FROM,
    INTERRUPTED,
    LOOK_AHEAD,
    MAX_INTERRUPTIONS,
    MAX_SKIPPED,
    RetryBudget,
    transition,
)
from jobs.types import OWNER, STATUSES, Failure, Selection, Status, Submission
from jobs.work.live_events import Revisions, TaskFeeds
from jobs.work.maintenance import Maintenance
from settings import Settings

WHY = Failure(kind="node_error", message="A node failed.")
DIED = RetryBudget("attempts", 2, Failure(kind="engine_died", message="The engine died twice."))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("store")
    address = None if request.param == "sqlite" else request.getfixturevalue("new_postgresql_database")()
    opened = Database(Settings(home=home, database=address))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    opened = Store(database)
    opened.empty()
    return opened


def test_a_key_that_two_requests_send_at_once_makes_one_job(store: Store) -> None:
    inserter, submission = JobInserter(store.database), Submission(mode="t2v", key="once")
    content = {"values": {}, "announced": {}, "graph": {}, "phases": {}, "phase_seconds": {}}
    task = {"mode": "t2v", "label": "a kite", "seed": "7", "size": "", "models": "", "timing": "t2v"}
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(inserter.insert, OWNER, submission, "a job", [Draft(task, content, [])]) for _ in range(2)]
    assert jobs[0].result() == jobs[1].result()
    assert store.queries.counts(OWNER).queued == 1


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATUSES, STATUSES)))
def test_only_legal_changes_of_status_happen(store: Store, before: Status, after: Status) -> None:
    (task,) = store.fill(status=before)
    with store.database.write() as connection:
        changed = transition(connection, tasks.c.id == task, after, "moved")
    legal = before in ALLOWED_FROM[after]
    assert changed == legal
    assert store.status(task) == (after if legal else before)
    assert store.logged(task) == ["moved"] * legal


def test_what_succeeded_never_runs_again() -> None:
    assert not any("succeeded" in sources for sources in ALLOWED_FROM.values())


def test_eight_threads_claim_fifty_tasks_each_exactly_once(store: Store) -> None:
    ids = store.fill(50)
    claimed: list[int] = []

    def work(worker: str) -> None:
        while claim := store.transitions.claim(worker):
            claimed.append(claim.task)

    threads = [threading.Thread(target=work, args=(f"home/p/engine-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claimed) == ids
    assert all(store.status(task) == "running" for task in ids)


def test_a_worker_that_lost_its_task_can_record_nothing_of_it(store: Store) -> None:
    (task,) = store.fill()
    store.claim("home/old/engine")
    store.transitions.requeue(task, "home/old/engine", "The lease ran out.")
    store.claim("home/new/engine")
    old = "home/old/engine"
    assert not store.transitions.record_moves(task, old, [["a", "b"]])
    assert not store.transitions.succeed(task, old, ["stolen.mp4"], 1.0, {})
    assert not store.transitions.fail(task, old, WHY, 1.0)
    assert not store.transitions.cancel(task, old, 1.0)
    assert store.transitions.requeue(task, old, "again") is None
    store.transitions.append_log(task, old, "a line of nobody")
    assert store.status(task) == "running"
    assert "a line of nobody" not in store.logged(task)
    assert store.transitions.succeed(task, "home/new/engine", ["mine.mp4"], 1.0, {})
    assert not store.transitions.succeed(task, "home/new/engine", ["twice.mp4"], 1.0, {})
    assert store.queries.task(OWNER, task).outputs == ["mine.mp4"]


def test_a_task_fails_after_its_attempts_and_others_are_untouched(store: Store) -> None:
    deadly, other = store.fill(2)
    for expected in ("queued", "failed"):
        assert store.claim().task == deadly
        assert store.transitions.requeue(deadly, "home/one/engine", "The engine died.", DIED) == expected
    assert store.column(deadly, "error") == "The engine died twice."
    assert store.claim().task == other


def test_ends_of_kinora_itself_count_apart_and_not_for_ever(store: Store) -> None:
    (task,) = store.fill()
    for ended in range(MAX_INTERRUPTIONS):
        store.claim()
        store.transitions.requeue(task, "home/one/engine", "Kinora ended.", INTERRUPTED)
        assert store.column(task, "attempts") == 0
        assert store.status(task) == ("failed" if ended == MAX_INTERRUPTIONS - 1 else "queued")


def test_a_task_to_be_cancelled_whose_run_came_to_nothing_is_cancelled(store: Store) -> None:
    (task,) = store.fill()
    store.claim()
    assert store.commands.cancel(OWNER, Selection(tasks=[task])) == (set(), {task})
    assert store.transitions.renew(["home/one/engine"]) == {task}
    assert store.transitions.requeue(task, "home/one/engine", "The engine died.") == "cancelled"


def maintenance(store: Store, folder: Path) -> Maintenance:
    settings = Settings(home=folder, lease_seconds=0.6)
    parts = (Outputs(settings), KeptInputs(store.database, settings), TaskFeeds(), Revisions())
    return Maintenance(settings, store.transitions, *parts, "home")


def watched(maintenance: Maintenance, store: Store, task: int, seconds: float) -> Status:
    """The task's status, as soon as it does not run any more, or after so long."""
    stopping = threading.Event()
    maintenance.start(lambda: [], stopping)
    deadline = time.monotonic() + seconds
    while store.status(task) == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    stopping.set()
    return store.status(task)


def test_the_lease_of_a_worker_that_died_runs_out_whatever_the_clock_says(store: Store, tmp_path: Path) -> None:
    (task,) = store.fill()
    store.claim("elsewhere/dead/engine")
    with store.database.write() as connection:  # as after the clock was put back by an hour
        connection.execute(update(tasks).values(started=time.time() + 3600, created=time.time() + 3600))
    assert watched(maintenance(store, tmp_path), store, task, 10) == "queued"
    assert store.column(task, "interruptions") == 1
    assert any("It will run again" in line for line in store.logged(task))


def test_a_lease_that_is_renewed_does_not_run_out(store: Store, tmp_path: Path) -> None:
    (task,) = store.fill()
    store.claim("elsewhere/alive/engine")
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(0.1):
            store.transitions.renew(["elsewhere/alive/engine"])

    thread = threading.Thread(target=renew)
    thread.start()
    assert watched(maintenance(store, tmp_path), store, task, 2) == "running"
    stop.set()
    thread.join()


def test_at_the_start_only_what_this_folder_left_behind_is_taken_back(store: Store, tmp_path: Path) -> None:
    mine, others = store.fill(2)
    store.claim("home/gone/engine")
    store.claim("elsewhere/alive/engine")
    maintenance(store, tmp_path).recover()
    assert (store.status(mine), store.status(others)) == ("queued", "running")


def test_priority_then_position_decide_and_the_front_is_before_all(store: Store) -> None:
    first, second, urgent, last = store.fill(4)
    store.commands.set_priority(OWNER, Selection(tasks=[urgent]), 5)
    assert store.commands.move_to_front(OWNER, Selection(tasks=[second, last])) == {second, last}
    store.commands.move_to_front(OWNER, Selection(tasks=[second, last]))  # twice does no harm
    assert [store.claim().task for _ in range(4)] == [second, last, urgent, first]


def test_while_paused_nothing_is_claimed_but_by_who_runs_only_its_own(store: Store) -> None:
    own = store.job()
    store.fill()
    (mine,) = store.fill(job=own)
    for _ in range(2):  # twice does no harm
        store.commands.pause(True)
    assert store.transitions.claim("home/one/engine") is None
    claim = store.transitions.claim("home/cli/engine", only_job=own)
    assert claim is not None
    assert claim.task == mine
    store.commands.pause(False)
    assert store.transitions.claim("home/one/engine") is not None


def test_a_worker_prefers_the_models_it_has_loaded_and_no_task_starves(store: Store) -> None:
    (other,) = store.fill(models="wan")
    alike = store.fill(MAX_SKIPPED + 3, models="ltx")
    order = [store.claim(loaded="ltx").task for _ in range(MAX_SKIPPED + 2)]
    assert order == [*alike[:MAX_SKIPPED], other, alike[MAX_SKIPPED]]


def test_it_looks_only_a_bounded_way_ahead_and_never_past_a_higher_priority(store: Store) -> None:
    others = store.fill(LOOK_AHEAD, models="wan")
    store.fill(models="ltx")
    assert store.claim(loaded="ltx").task == others[0]
    (urgent,) = store.fill(models="wan", priority=1, position=0)
    assert store.claim(loaded="ltx").task == urgent


def test_cancel_and_retry_are_idempotent_and_leave_what_succeeded(store: Store) -> None:
    job = store.job()
    (done,) = store.fill(job=job, status="succeeded")
    (failed,) = store.fill(job=job, status="failed", error="A node failed.", attempts=2)
    (queued,) = store.fill(job=job)
    everything = Selection(jobs=[job])
    assert store.commands.cancel(OWNER, everything) == ({queued}, set())
    assert store.commands.cancel(OWNER, everything) == (set(), set())
    assert store.commands.retry(OWNER, everything, None) == {failed, queued}
    assert store.commands.retry(OWNER, everything, None) == set()
    assert store.status(done) == "succeeded"
    assert (store.column(failed, "error"), store.column(failed, "attempts")) == ("", 0)


def test_selections_add_up_and_an_empty_one_is_nothing(store: Store) -> None:
    one, two = store.job(), store.job()
    first, second, third = (store.fill(job=job)[0] for job in (one, two, store.job()))
    assert store.commands.cancel(OWNER, Selection()) == (set(), set())
    assert store.commands.cancel(OWNER, Selection(tasks=[first], jobs=[two]))[0] == {first, second}
    assert store.commands.cancel(OWNER, Selection(status="queued"))[0] == {third}


def test_pages_go_through_running_failed_queued_and_done_without_gap_or_repetition(store: Store) -> None:
    for status in STATUSES:
        for number in range(5):
            store.fill(status=status, ended=float(number))
    seen: list[tuple[int, str]] = []
    cursor = None
    while True:
        rows, total, cursor = store.queries.tasks(OWNER, STATUSES, None, "", 4, cursor)
        seen += [(row.id, row.status) for row in rows]
        if cursor is None:
            break
    assert total == len(seen) == len(set(seen)) == 25
    assert [status for _, status in seen] == [status for status in STATUSES for _ in range(5)]
    chosen, total, _ = store.queries.tasks(OWNER, ["failed", "cancelled"], None, "", 50, None)
    assert [row.ended for row in chosen] == [4, 3, 2, 1, 0] * 2
    assert total == 10
    with pytest.raises(InvalidInputError):
        store.queries.tasks(OWNER, STATUSES, None, "", 4, "bm90IG91cnM")


@pytest.mark.parametrize(("search", "found"), [("100%", 1), ("_", 1), ("\\", 1), ("SEA", 2), ("'; DROP", 0), ("42", 1)])
def test_a_search_takes_its_words_as_they_are(store: Store, search: str, found: int) -> None:
    for label in ("100% wool", "a_b", "back\\slash", "by the sea"):
        store.fill(label=label)
    store.fill(job=store.job("sea shells"), seed="42", label="x")
    rows, total, _ = store.queries.tasks(OWNER, STATUSES, None, search, 50, None)
    assert len(rows) == total == found


def test_a_failure_in_a_transaction_undoes_all_of_it(store: Store) -> None:
    (task,) = store.fill()

    def half() -> None:
        with store.database.write() as connection:
            transition(connection, tasks.c.id == task, "cancelled", "half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        half()
    assert store.status(task) == "queued"
    assert store.logged(task) == []


def test_the_server_is_what_it_says(database: Database) -> None:
    with database.read() as connection:
        version = "sqlite_version()" if database.dialect == "sqlite" else "version()"
        told = connection.execute(text(f"SELECT {version}")).scalar_one()
    assert told.startswith("3." if database.dialect == "sqlite" else "PostgreSQL")
