"""As on a ZeroGPU Space: the real client of the platform, real forks, and a scheduler on loopback in its place."""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect
from support import clips, runs
from support.app_server import WAIT, Server
from support.zerogpu_server import Scheduler

from web.visitors import COOKIE

pytestmark = pytest.mark.everything

SMALL: dict[str, Any] = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
VISITOR = secrets.token_urlsafe(32)
TOKEN = f"head.{base64.urlsafe_b64encode(json.dumps({'user': 'ada'}).encode()).decode().rstrip('=')}.sign"
HEADERS = {"x-ip-token": TOKEN, "cookie": f"{COOKIE}={VISITOR}"}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Scheduler]:
    with Scheduler() as running:
        yield running


@pytest.fixture(scope="module")
def space(scheduler: Scheduler, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    group = tmp_path_factory.mktemp("group") / "cgroup"
    group.write_text("0::/space\n")
    running = Server(
        tmp_path_factory.mktemp("space"),
        program="tests/support/zerogpu_app.py",
        SPACES_ZERO_GPU="true",
        SPACES_ZERO_DEVICE_API_URL=scheduler.url,
        ZEROGPU_PROC_SELF_CGROUP_PATH=str(group),
        KINORA_VISITORS_APART="true",
    )
    yield running
    forks = psutil.Process(running.process.pid).children()
    running.stop()
    for fork in forks:  # the platform ends them with the container
        with contextlib.suppress(psutil.NoSuchProcess):
            fork.kill()


@pytest.fixture(scope="module")
def client(space: Server) -> Client:
    return Client(f"{space.url}/functions/", verbose=False, headers=HEADERS)


@pytest.fixture
def rest(space: Server) -> Iterator[httpx2.Client]:
    """The same visitor, over REST."""
    with httpx2.Client(base_url=f"{space.url}/api/v1", headers=HEADERS, timeout=60) as opened:
        yield opened


@pytest.fixture(autouse=True)
def fresh(scheduler: Scheduler) -> None:
    scheduler.calls.clear()
    scheduler.answers.clear()


def newest(rest: httpx2.Client) -> dict[str, Any]:
    rows = rest.get("/tasks", params={"limit": 500}).json()["tasks"]
    return rest.get(f"/tasks/{max(row['id'] for row in rows)}").json()


def until(rest: httpx2.Client, reached: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not reached(task := newest(rest)):
        assert time.monotonic() < deadline, task
        time.sleep(0.05)
    return task


def test_a_visitors_clip_is_made_in_a_fork_on_the_visitors_own_quota(
    client: Client, scheduler: Scheduler, space: Server
) -> None:
    file, seed, _ = client.predict(**SMALL, seed="7", api_name="/t2v")
    assert clips.read(Path(file)).pictures.shape == (9, 128, 128, 3)
    assert seed == "7"
    (asked,) = scheduler.asked("/schedule")
    assert asked["token"] == TOKEN
    assert 15 <= int(asked["durationSeconds"]) <= 120
    (allowed,) = scheduler.asked("/allow")
    assert psutil.Process(int(allowed["pid"])).ppid() == space.process.pid
    assert scheduler.asked("/release") == [{"allowToken": allowed["allowToken"], "fail": "false"}]


def test_events_of_the_fork_arrive_as_they_happen(client: Client, rest: httpx2.Client) -> None:
    job = client.submit(**runs.LONG, api_name="/t2v")
    task = until(rest, lambda task: task["progress"] and task["progress"]["step"] > 1)
    assert task["status"] == "running"
    assert rest.get(f"/tasks/{task['id']}/preview").headers["content-type"] == "image/jpeg"
    assert rest.post("/tasks/cancel", json={"tasks": [task["id"]]}).status_code == 200
    with pytest.raises(AppError, match="cancelled"):
        job.result(timeout=60)
    assert newest(rest)["status"] == "cancelled"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("quota", "Your time on this Space's GPU is used up for now"),
        ("illegal", "s of GPU time is more than one call may use"),
        ("none", "No GPU was available"),
        ("abort", "The GPU was taken back before this was finished"),
    ],
)
def test_a_refusal_says_what_to_do_and_nothing_is_tried_again(
    client: Client, rest: httpx2.Client, scheduler: Scheduler, answer: str, sentence: str
) -> None:
    scheduler.answers.append(answer)
    scheduler.idle = False
    with pytest.raises(AppError, match=sentence):
        client.predict(**runs.LONG, api_name="/t2v")
    task = newest(rest)
    assert (task["status"], task["attempts"]) == ("failed", 0)
    assert task["failure"]["hint"]
    time.sleep(0.5)
    assert len(scheduler.asked("/schedule")) == 1
    client.predict(**SMALL, api_name="/t2v")  # and the next one is made


def test_seconds_are_asked_for_by_what_such_clips_took(
    client: Client, rest: httpx2.Client, scheduler: Scheduler
) -> None:
    client.predict(**SMALL, api_name="/t2v")
    took = sum(phase["seconds"] or 0 for phase in newest(rest)["stages"])
    scheduler.calls.clear()
    client.predict(**SMALL, api_name="/t2v")
    (asked,) = scheduler.asked("/schedule")
    assert int(asked["durationSeconds"]) <= max(15, took * 2 + 10)


def test_a_batch_and_tasks_that_nobody_watches_are_refused_with_a_sentence(rest: httpx2.Client) -> None:
    told = rest.post("/jobs", json={"mode": "t2v", "values": SMALL})
    assert told.status_code == 403
    assert "the GPU is lent to the visitor who watches" in told.json()["detail"]


def test_the_page_shows_stages_and_the_clip_and_offers_no_batch(
    space: Server, window: Page, scheduler: Scheduler
) -> None:
    window.set_extra_http_headers({"x-ip-token": TOKEN})
    window.goto(space.url)
    expect(window.locator("#engine")).to_contain_text("Engine ready", timeout=WAIT)
    expect(window.locator("#k-batch")).to_have_count(0)
    window.locator("#field-prompt textarea").fill("a blue boat")
    expect(window.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    window.locator("#generate").click()
    expect(window.locator("#video video")).to_be_visible(timeout=WAIT)
    assert scheduler.asked("/schedule")[-1]["token"] == TOKEN


def test_a_task_that_failed_runs_again_when_its_visitor_asks_for_it(
    space: Server, window: Page, scheduler: Scheduler
) -> None:
    window.goto(space.url)
    expect(window.locator("#engine")).to_contain_text("Engine ready", timeout=WAIT)
    scheduler.answers.append("quota")
    window.locator("#field-prompt textarea").fill("a green hill")
    window.locator("#generate").click()
    expect(window.locator("#status .k-error")).to_contain_text("used up for now", timeout=WAIT)
    window.goto(f"{space.url}#queue")
    row = window.locator("[data-task]").first
    row.locator(".q-expand").click()
    row.get_by_role("button", name="Retry", exact=True).click()
    expect(window.locator("#video video")).to_be_visible(timeout=WAIT)
