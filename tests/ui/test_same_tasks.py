"""Page, REST and command line go through one function: the same input gives the same stored tasks."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from support.app_server import WAIT, Server

from jobs import JobQueue
from jobs.types import OWNER
from settings import PROJECT, Settings

VALUES = {"prompt": "clouds drift by", "seconds": "0.3", "seed": "7"}
GRID = {"steps": ["4", "5"]}
Submit = Callable[[list[Path]], int]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "first.png", tmp_path / "second.png"]
    for number, file in enumerate(made):
        Image.new("RGB", (320, 240 + 80 * number), (200, 40 * number, 90)).save(file)
    return made


def on_the_page(page: Page) -> Submit:
    def submit(files: list[Path]) -> int:
        page.locator("#mode-list [data-mode=i2v]").click()
        expect(page.locator("#k-title")).to_contain_text("Image to video")
        page.fill("#field-prompt textarea", VALUES["prompt"])
        page.fill("#field-seconds input", VALUES["seconds"])
        page.fill("#field-seed input", VALUES["seed"])
        page.get_by_role("button", name="Batch").click()
        page.locator("#batch-files input[type=file]").set_input_files(files)
        page.fill("#batch-grid textarea", "Steps: 4\nSteps: 5")
        expect(page.locator("#batch-plan")).to_contain_text("line 2: Steps is given twice.", timeout=WAIT)
        page.fill("#batch-grid textarea", "Steps: 4\nsteps: 5")
        expect(page.locator("#batch-plan")).to_contain_text("grid: Steps is given twice.", timeout=WAIT)
        page.fill("#batch-grid textarea", "Steps: 4, 5")
        page.fill("#batch-tries input", "2")
        page.fill("#batch-priority input", "3")
        page.fill("#batch-name input", "the same")
        page.locator("#batch-name input").blur()
        expect(page.locator("#generate")).to_have_text("Queue 8 tasks", timeout=WAIT)
        page.click("#generate")
        expect(page.locator("#q-list [data-task]")).to_have_count(8, timeout=WAIT)
        return int(page.evaluate("location.hash").split("job=")[1])

    return submit


def over_rest(server: Server) -> Submit:
    def submit(files: list[Path]) -> int:
        job = {"mode": "i2v", "values": VALUES, "batch": {"grid": GRID}, "tries": 2, "priority": 3, "name": "the same"}
        parts = [("files", (file.name, file.read_bytes())) for file in files]
        url = f"{server.url}/api/v1/jobs/upload"
        answer = httpx2.post(url, data={"job": json.dumps(job)}, files=parts, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    return submit


def on_the_command_line(home: Path) -> Submit:
    def submit(files: list[Path]) -> int:
        arguments = [f"--{name}={value}" for name, value in VALUES.items()] + [f"--file={file}" for file in files]
        arguments += ["--grid=steps=4,5", "--tries=2", "--priority=3", "--name=the same"]
        environment = os.environ | {"KINORA_HOME": str(home), "KINORA_DEMO": "always", "KINORA_DEVICE": "cpu"}
        command = [sys.executable, "cli.py", "submit", "i2v", *arguments]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert ("is not running" in done.stderr) == (not (home / "kinora.json").exists())
        return int(done.stdout)

    return submit


def stored(queue: JobQueue, job: int) -> list[dict[str, Any]]:
    """All of a job's tasks but what belongs to the moment and the place: ids, times, folders."""
    found = []
    for task in queue.queries.tasks_of(OWNER, job):
        stored_task = queue.queries.task(OWNER, task)
        kept = dict(stored_task.row._mapping)
        for name in ("id", "job", "position", "created"):
            del kept[name]
        details = {name: value for name, value in stored_task.details._mapping.items() if name != "task"}
        assert Path(details["values"].pop("image")).parent == queue.inputs.folder
        inputs = [(each.parameter, each.digest, each.prepared) for each in stored_task.inputs]
        found.append(kept | details | {"inputs": inputs, "log": [line.text for line in stored_task.log]})
    submission = dict(queue.queries.job(OWNER, job)[0]._mapping)
    assert (submission["name"], submission["mode"], submission["priority"]) == ("the same", "i2v", 3)
    return found


def test_the_same_input_gives_the_same_stored_tasks(
    server: Server, page: Page, files: list[Path], tmp_path: Path
) -> None:
    running = JobQueue(Settings(home=server.home, device="cpu", demo="always"))
    alone = JobQueue(Settings(home=tmp_path / "alone", device="cpu", demo="always"))
    httpx2.post(f"{server.url}/api/v1/queue/pause").raise_for_status()
    try:
        jobs = [submit(files) for submit in (on_the_page(page), over_rest(server), on_the_command_line(server.home))]
        on_page, rest, on_line = (stored(running, job) for job in jobs)
        store = stored(alone, on_the_command_line(tmp_path / "alone")(files))
    finally:
        httpx2.post(f"{server.url}/api/v1/tasks/cancel", json={"status": "queued"}).raise_for_status()
        httpx2.post(f"{server.url}/api/v1/queue/resume").raise_for_status()
    assert len(on_page) == 8
    assert [task["label"] for task in on_page[:2]] == ["first.png, steps 4, try 1", "first.png, steps 4, try 2"]
    assert on_page == rest
    assert rest == on_line
    assert on_line == store
