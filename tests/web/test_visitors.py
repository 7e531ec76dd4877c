"""Where visitors are kept apart, each visitor sees, changes and reads only their own jobs and files."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from support.api_server import serving

from backend.process import EngineProcess
from jobs import JobQueue
from jobs.files.outputs import Outputs
from jobs.store.transitions import TaskTransitions
from jobs.work.worker import Worker, WorkerContext
from settings import PROJECT, Settings
from web.visitors import COOKIE

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
PICTURE = PROJECT / "examples" / "landscape.png"


@pytest.fixture(scope="module")
def idle_queue(tmp_path_factory: pytest.TempPathFactory) -> JobQueue:
    home = tmp_path_factory.mktemp("visitors")
    return JobQueue(Settings(home=home, device="cpu", demo="always", visitors_apart=True, visitor_limit=4))


@pytest.fixture(scope="module")
def ada(idle_queue: JobQueue) -> Iterator[httpx2.Client]:
    with serving(idle_queue) as opened:
        opened.get("/health")  # gets the cookie
        yield opened


@pytest.fixture
def ben(ada: httpx2.Client) -> Iterator[httpx2.Client]:
    """Another visitor of the same server, a new one for each test."""
    with httpx2.Client(base_url=ada.base_url, timeout=60) as opened:
        opened.get("/health")
        yield opened


@pytest.fixture(scope="module")
def task(ada: httpx2.Client) -> int:
    """One of Ada's tasks, with an image."""
    with PICTURE.open("rb") as file:
        job = json.dumps({"mode": "i2v", "values": VALUES, "key": "mine"})
        answer = ada.post("/jobs/upload", data={"job": job}, files={"image": ("kite.png", file)})
    assert answer.status_code == 201, answer.text
    return ada.get("/tasks", params={"job": answer.json()["id"]}).json()["tasks"][0]["id"]


def test_a_visitor_is_recognised_by_a_cookie_that_scripts_cannot_read(ada: httpx2.Client) -> None:
    with httpx2.Client(base_url=ada.base_url) as client:
        first = client.get("/health").headers["set-cookie"]
        assert "HttpOnly" in first
        assert "SameSite=Lax" in first
        assert "set-cookie" not in client.get("/health").headers
        client.cookies.set(COOKIE, "../../etc/passwd")
        assert "set-cookie" in client.get("/health", headers={"cookie": f"{COOKIE}=short"}).headers


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/{task}",
        "/tasks/{task}/inputs/image",
        "/tasks/{task}/inputs/image?thumbnail=true",
        "/tasks/{task}/outputs/0",
        "/tasks/{task}/preview",
        "/tasks/{task}/events",
        "/jobs/{job}",
    ],
)
def test_another_visitors_task_does_not_exist(ada: httpx2.Client, ben: httpx2.Client, task: int, path: str) -> None:
    place = path.format(task=task, job=ada.get(f"/tasks/{task}").json()["job"])
    assert ben.get(place).status_code == 404


def test_lists_and_counts_only_contain_the_visitors_own_tasks(
    ada: httpx2.Client, ben: httpx2.Client, task: int
) -> None:
    assert ada.get("/tasks").json()["total"] == 1
    assert ada.get("/queue").json()["counts"]["queued"] == 1
    assert ben.get("/tasks").json() == {"tasks": [], "total": 0, "next": None}
    assert ben.get("/tasks", params={"ids": str(task)}).json()["tasks"] == []
    assert ben.get("/tasks", params={"search": "kite"}).json()["total"] == 0
    assert ben.get("/jobs").json()["jobs"] == []
    assert set(ben.get("/queue").json()["counts"].values()) == {0}


def test_actions_only_reach_the_visitors_own_tasks(ada: httpx2.Client, ben: httpx2.Client, task: int) -> None:
    everything: list[dict[str, Any]] = [{"tasks": [task]}, {"status": "queued"}, {"jobs": [1, 2, 3]}]
    for selection in everything:
        assert ben.post("/tasks/cancel", json=selection).json() == {"changed": 0, "pending": 0}
        assert ben.post("/tasks/retry", json={"selection": selection}).json()["changed"] == 0
    assert ben.post("/jobs/1/again", json={}).status_code == 404
    assert ada.get(f"/tasks/{task}").json()["status"] == "queued"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/queue/pause", None),
        ("/queue/resume", None),
        ("/tasks/front", {"status": "queued"}),
        ("/tasks/priority", {"selection": {"status": "queued"}, "priority": 1}),
        ("/jobs", {"mode": "t2v", "values": VALUES, "priority": 1}),
    ],
)
def test_visitors_cannot_change_the_whole_queue(ben: httpx2.Client, path: str, body: Any) -> None:
    assert ben.post(path, json=body).status_code == 403


def test_the_same_key_of_two_visitors_makes_two_jobs(ada: httpx2.Client, ben: httpx2.Client, task: int) -> None:
    submission = {"mode": "t2v", "values": VALUES, "key": "mine"}
    theirs = ben.post("/jobs", json=submission).json()["id"]
    assert ben.post("/jobs", json=submission).json()["id"] == theirs
    assert ada.post("/jobs", json=submission).json()["id"] == ada.get(f"/tasks/{task}").json()["job"] != theirs


def test_another_visitors_files_cannot_be_named_as_inputs(ada: httpx2.Client, ben: httpx2.Client, task: int) -> None:
    kept = ada.get(f"/tasks/{task}").json()["values"]["image"]
    assert Path(kept).is_file()
    submission = {"mode": "i2v", "values": VALUES | {"image": kept}}
    assert ben.post("/plan", json=submission).status_code == 403
    assert ada.post("/plan", json=submission).status_code == 200


def test_a_visitor_has_a_limit_in_the_queue_and_the_error_says_it(ben: httpx2.Client) -> None:
    assert ben.post("/jobs", json={"mode": "t2v", "values": VALUES, "tries": 3}).status_code == 201
    answer = ben.post("/jobs", json={"mode": "t2v", "values": VALUES, "tries": 2})
    assert answer.status_code == 429
    assert answer.json()["detail"] == "You can have at most 4 tasks in the queue. You have 3, and this would add 2."
    assert ben.post("/jobs", json={"mode": "t2v", "values": VALUES}).status_code == 201


def test_a_visitor_cannot_exceed_the_limit_by_retrying(ben: httpx2.Client) -> None:
    first = ben.post("/jobs", json={"mode": "t2v", "values": VALUES, "tries": 3}).json()["id"]
    assert ben.post("/tasks/cancel", json={"jobs": [first]}).json()["changed"] == 3
    assert ben.post("/jobs", json={"mode": "t2v", "values": VALUES, "tries": 2}).status_code == 201
    answer = ben.post("/tasks/retry", json={"selection": {"jobs": [first]}})
    assert answer.status_code == 429
    assert answer.json()["detail"] == "You can have at most 4 tasks in the queue. You have 2, and this would add 3."
    task = ben.get("/tasks", params={"job": first}).json()["tasks"][0]["id"]
    assert ben.post("/tasks/retry", json={"selection": {"tasks": [task]}}).json()["changed"] == 1


def test_only_those_who_may_see_a_task_learn_that_an_engine_runs_it(
    idle_queue: JobQueue, ada: httpx2.Client, ben: httpx2.Client, task: int
) -> None:
    context = WorkerContext(
        idle_queue.settings,
        TaskTransitions(idle_queue.database),
        idle_queue.feeds,
        idle_queue.revisions,
        idle_queue.models,
        Outputs(idle_queue.settings),
        threading.Event(),
        threading.Condition(),
    )
    worker = Worker("engine", EngineProcess(idle_queue.settings), context, "home/one")
    worker.task = task
    idle_queue.workers.append(worker)
    try:
        assert ada.get("/queue").json()["engines"][0]["task"] == task
        assert ben.get("/queue").json()["engines"][0]["task"] is None
        for anyone in (ada, ben):
            assert anyone.get("/health").json()["engines"] == [{"name": "engine", "state": "stopped"}]
    finally:
        idle_queue.workers.remove(worker)


def test_the_person_at_the_machine_sees_everything(
    idle_queue: JobQueue, ada: httpx2.Client, ben: httpx2.Client, task: int
) -> None:
    ben.post("/jobs", json={"mode": "t2v", "values": VALUES})
    token = {"authorization": f"Bearer {idle_queue.lock.token}"}
    with httpx2.Client(base_url=ada.base_url, headers=token) as owner:
        answer = owner.get("/tasks", params={"limit": 500})
        assert "set-cookie" not in answer.headers
        assert answer.json()["total"] > ada.get("/tasks").json()["total"]
        assert owner.post("/queue/pause").status_code == 200
        assert owner.post("/queue/resume").status_code == 200
