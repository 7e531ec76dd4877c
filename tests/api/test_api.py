"""REST: the same queue, the same sentences, and nothing that may be reached is open by accident."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from support.api_server import serving

from jobs import JobQueue
from settings import PROJECT, Settings

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
PICTURE = PROJECT / "examples" / "landscape.png"


@pytest.fixture(scope="module")
def idle_queue(tmp_path_factory: pytest.TempPathFactory) -> JobQueue:
    return JobQueue(Settings(home=tmp_path_factory.mktemp("api-home"), device="cpu", demo="always"))


@pytest.fixture(scope="module")
def client(idle_queue: JobQueue) -> Iterator[httpx2.Client]:
    with serving(idle_queue) as opened:
        yield opened


def submitted(client: httpx2.Client, **changed: Any) -> dict[str, Any]:
    answer = client.post("/jobs", json={"mode": "t2v", "values": VALUES, **changed})
    assert answer.status_code == 201, answer.text
    return answer.json()


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def test_a_job_is_submitted_listed_cancelled_and_retried(client: httpx2.Client) -> None:
    job = submitted(client, tries=3, name="Three", priority=2)
    assert (job["name"], job["counts"]["queued"], job["status"]) == ("Three", 3, "queued")
    page = client.get("/tasks", params={"job": job["id"], "limit": 2}).json()
    assert (len(page["tasks"]), page["total"]) == (2, 3)
    rest = client.get("/tasks", params={"job": job["id"], "limit": 2, "cursor": page["next"]}).json()
    assert (len(rest["tasks"]), rest["next"]) == (1, None)
    ids = [task["id"] for task in page["tasks"] + rest["tasks"]]
    assert client.post("/tasks/cancel", json={"tasks": ids[:2]}).json() == {"changed": 2, "pending": 0}
    assert client.post("/tasks/cancel", json={"tasks": ids[:2]}).json() == {"changed": 0, "pending": 0}
    assert client.get(f"/jobs/{job['id']}").json()["status"] == "mixed"
    assert client.post("/tasks/retry", json={"selection": {"tasks": ids[:1]}}).json()["changed"] == 1
    assert client.post("/tasks/front", json={"tasks": ids[2:]}).json()["changed"] == 1
    assert client.get("/tasks", params={"status": "queued"}).json()["tasks"][0]["id"] == ids[2]
    assert client.post("/tasks/priority", json={"selection": {"jobs": [job["id"]]}, "priority": 9}).json()["changed"]
    again = client.post(f"/jobs/{job['id']}/again", json={"key": "k"}).json()
    assert client.post(f"/jobs/{job['id']}/again", json={"key": "k"}).json()["id"] == again["id"]
    assert client.get("/jobs", params={"limit": 1}).json()["jobs"][0]["id"] == again["id"]


def test_a_task_comes_with_all_its_details(client: httpx2.Client) -> None:
    job = submitted(client, mode="i2v", values=VALUES | {"image": str(PICTURE)})
    (row,) = client.get("/tasks", params={"job": job["id"]}).json()["tasks"]
    task = client.get(f"/tasks/{row['id']}").json()
    assert task["values"]["prompt"] == "a red kite"
    assert task["graph"]["load_image"]["class_type"] == "LoadImage"
    assert task["inputs"][0]["original"] == str(PICTURE)
    assert "placed" not in task
    url = task["inputs"][0]["url"].removeprefix("/api/v1")
    assert client.get(url).content == PICTURE.read_bytes()
    small = client.get(url, params={"thumbnail": True})
    assert small.headers["content-type"] == "image/jpeg"
    assert len(small.content) < 40_000


def test_files_may_come_with_the_submission(client: httpx2.Client, idle_queue: JobQueue) -> None:
    job = json.dumps({"mode": "i2v", "values": VALUES})
    with PICTURE.open("rb") as file:
        answer = client.post("/jobs/upload", data={"job": job}, files={"image": ("../../my kite.png", file)})
    assert answer.status_code == 201, answer.text
    task = client.get("/tasks", params={"job": answer.json()["id"]}).json()["tasks"][0]["id"]
    kept = Path(client.get(f"/tasks/{task}").json()["values"]["image"])
    assert kept.parent == idle_queue.inputs.folder
    assert not list(idle_queue.settings.uploads_dir.iterdir())  # the queue has its own


def test_a_file_that_is_too_large_is_reported_at_the_parameter_that_takes_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, device="cpu", demo="always", max_upload_bytes=1_000_000)
    with serving(JobQueue(settings)) as client:
        job = json.dumps({"mode": "i2v", "values": VALUES})
        answer = client.post("/jobs/upload", data={"job": job}, files={"image": ("kite.png", bytes(1_100_000))})
    assert list(problem(answer, 422)["fields"]) == ["image"]


def test_a_key_may_have_100_characters_wherever_it_is_given(client: httpx2.Client) -> None:
    job = submitted(client)["id"]
    assert client.post(f"/jobs/{job}/again", json={"key": "k" * 100}).status_code == 201
    assert "key" in problem(client.post(f"/jobs/{job}/again", json={"key": "k" * 101}), 422)["fields"]
    assert client.post(f"/jobs/{job}/again", json={"key": "a\x00b"}).json() == (
        client.post(f"/jobs/{job}/again", json={"key": "ab"}).json()
    )


def test_a_batch_of_files_and_a_table_may_come_with_the_submission(client: httpx2.Client) -> None:
    parts = [("files", (f"kite{n}.png", PICTURE.read_bytes())) for n in (1, 2)]
    parts += [("files", ("kite2.txt", b"the second one")), ("table", ("t.csv", b"seed\n1\n2\nx\n"))]
    job = json.dumps({"mode": "i2v", "values": VALUES})
    told = problem(client.post("/jobs/upload", data={"job": job}, files=parts), 422)
    assert {each["where"] for each in told["problems"]} == {"kite1.png, t.csv line 4", "kite2.png, t.csv line 4"}
    answer = client.post("/jobs/upload", params={"skip_bad": True}, data={"job": job}, files=parts).json()
    rows = client.get("/tasks", params={"job": answer["id"]}).json()["tasks"]
    assert [(row["label"], row["seed"]) for row in rows][2:] == [
        ("kite2.png, t.csv line 2", "1"),
        ("kite2.png, t.csv line 3", "2"),
    ]
    assert client.get(f"/tasks/{rows[2]['id']}").json()["values"]["prompt"] == "the second one"


def test_a_plan_queues_nothing(client: httpx2.Client) -> None:
    before = client.get("/queue").json()["counts"]
    batch = {"grid": {"seed": [1, 2, "x"], "steps": [4, 5]}}
    plan = client.post("/plan", json={"mode": "t2v", "values": VALUES, "batch": batch, "tries": 2}).json()
    assert (plan["tasks"], len(plan["problems"])) == (8, 2)
    assert plan["problems"][0]["message"] == "Seed must be a whole number, not “x”."
    assert client.get("/queue").json()["counts"] == before


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"values": {"prompt": ""}}, "prompt", "Prompt is empty."),
        ({"values": VALUES | {"seconds": 999}}, "seconds", "at most 40 s"),
        ({"values": VALUES | {"nonsense": 1}}, "nonsense", "no parameter named nonsense"),
        ({"mode": "nope"}, "mode", "no mode “nope”"),
        ({"tries": 0}, "tries", "greater than or equal to 1"),
        ({"nonsense": 1}, "nonsense", "not permitted"),
    ],
)
def test_bad_input_gets_the_pages_sentence_at_its_field(
    client: httpx2.Client, changed: dict[str, Any], field: str, sentence: str
) -> None:
    told = problem(client.post("/jobs", json={"mode": "t2v", "values": VALUES, **changed}), 422)
    assert sentence in told["fields"][field]


def test_a_missing_task_job_output_or_mode_is_a_404(client: httpx2.Client) -> None:
    for path in ("/tasks/999999", "/jobs/999999", "/tasks/999999/outputs/0", "/tasks/999999/events", "/modes/x/y"):
        problem(client.get(path), 404)
    problem(client.get("/tasks/99999999999999999999"), 422)
    problem(client.get("/tasks", params={"cursor": "nonsense"}), 422)
    problem(client.delete("/queue"), 404)


@pytest.mark.parametrize("where", ["values", "files", "folder", "table", "rows", "grid"])
def test_paths_outside_of_allowed_folders_are_refused(client: httpx2.Client, tmp_path: Path, where: str) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(PICTURE.read_bytes())
    path = str(file)
    batch = {
        "values": None,
        "files": {"files": [path]},
        "folder": {"folder": str(tmp_path)},
        "table": {"table": path},
        "rows": {"rows": [{"image": path}]},
        "grid": {"grid": {"image": [path, str(PICTURE)]}},
    }[where]
    values = VALUES | ({"image": path} if where == "values" else {})
    for url in ("/jobs", "/plan"):
        told = problem(client.post(url, json={"mode": "i2v", "values": values, "batch": batch}), 403)
        assert "outside" in told["detail"]
    dotted = f"{PROJECT}/examples/../{Path(PROJECT).name}"
    problem(client.post("/jobs", json={"mode": "i2v", "values": values | {"image": dotted}, "batch": batch}), 403)


def test_the_token_of_this_machine_may_name_any_path(idle_queue: JobQueue, tmp_path: Path) -> None:
    file = tmp_path / "mine.png"
    file.write_bytes(PICTURE.read_bytes())
    with serving(idle_queue, authorization=f"Bearer {idle_queue.lock.token}") as client:
        submitted(client, mode="i2v", values=VALUES | {"image": str(file)})


def test_pages_of_other_origins_and_other_names_of_this_machine_are_refused(client: httpx2.Client) -> None:
    told = problem(client.post("/queue/pause", headers={"origin": "http://evil.example"}), 403)
    assert "other sites" in told["detail"]
    told = problem(client.get("/queue", headers={"host": "evil.example"}), 403)
    assert "requests to localhost" in told["detail"]
    own = str(client.base_url.netloc, "ascii")
    assert client.post("/queue/resume", headers={"origin": f"http://{own}"}).status_code == 200


def test_with_a_password_nothing_but_health_is_open(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, device="cpu", demo="always", user="ada", password=SecretStr("löve:lace"))
    with serving(JobQueue(settings)) as client:
        assert client.get("/health").status_code == 200
        for path in ("/queue", "/openapi.json", "/events", "/../../"):
            assert client.get(path).status_code == 401
        assert "Basic" in client.get("/queue").headers["www-authenticate"]
        assert client.get("/queue", auth=("ada", "wrong")).status_code == 401
        assert client.get("/queue", headers={"authorization": "Basic ###"}).status_code == 401
        assert client.get("/queue", headers={"authorization": "Bearer x"}).status_code == 401
        assert client.get("/queue", auth=("ada", "löve:lace")).status_code == 200


def test_events_begin_with_the_state_and_tell_what_changes(client: httpx2.Client) -> None:
    with client.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: state"
        assert "counts" in json.loads(next(lines).removeprefix("data: "))
        job = submitted(client)
        deadline = time.monotonic() + 10
        for line in lines:
            assert time.monotonic() < deadline
            if line.startswith("data: ") and "tasks" in (told := json.loads(line.removeprefix("data: "))):
                assert told["tasks"][0]["job"] == job["id"]
                break


def test_a_stream_shows_that_it_lives_and_ends_when_kinora_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.events.PING", 0.2)
    queue = JobQueue(Settings(home=tmp_path, device="cpu", demo="always"))
    with serving(queue) as client:
        task = client.get("/tasks", params={"job": submitted(client)["id"]}).json()["tasks"][0]["id"]
        for path in ("/events", f"/tasks/{task}/events"):
            with client.stream("GET", path) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                assert stream.headers["cache-control"] == "no-store"
                assert ": still here" in stream.iter_lines()
        with client.stream("GET", "/events") as changes, client.stream("GET", f"/tasks/{task}/events") as events:
            of_queue, of_task = changes.iter_lines(), events.iter_lines()
            assert (next(of_queue), next(of_task)) == ("event: state", "event: queued")
            queue.stop()
            assert not [line for line in [*of_queue, *of_task] if line in ("event: state", "event: queued")]
    assert queue.feeds.find(task) is None


def test_a_tasks_events_end_with_its_end_and_outputs_come_by_range(job_queue: JobQueue) -> None:
    with serving(job_queue) as client:
        task = client.get("/tasks", params={"job": submitted(client)["id"]}).json()["tasks"][0]["id"]
        with client.stream("GET", f"/tasks/{task}/events") as stream:
            names = [line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event: ")]
        assert names[-1] == "output"
        assert "stage" in names
        url = client.get(f"/tasks/{task}").json()["outputs_list"][0]["url"].removeprefix("/api/v1")
        whole = client.get(url)
        assert whole.headers["content-type"] == "video/mp4"
        part = client.get(url, headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert client.get(url, headers={"range": "bytes=99999999-"}).status_code == 416
        assert "attachment" in client.get(url, params={"download": True}).headers["content-disposition"]


def test_modes_tell_their_parameters_as_a_schema(client: httpx2.Client) -> None:
    told = client.get("/modes/t2v").json()
    assert told["parameters"]["properties"]["seconds"]["default"] == 1.0  # on demo models
    assert {mode["id"] for mode in client.get("/modes").json()} >= {"t2v", "i2v", "restyle"}
