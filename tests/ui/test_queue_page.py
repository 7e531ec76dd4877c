"""The queue's page, as a person uses it overnight: a batch, a crash, and everything still there."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support import runs
from support.app_server import WAIT, Server

from settings import PROJECT

SMALL = {"prompt": "a kite", "width": 128, "height": 128, "seconds": 0.3}


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A Kinora with an empty queue, that a test may kill and start again."""
    running = Server(tmp_path)
    yield running
    if running.process.poll() is None:
        running.stop()


def call(server: Server, path: str, body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}/api/v1{path}", content, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def show(page: Page, server: Server, view: str = "#queue") -> Page:
    page.goto(f"{server.url}/{view}")
    return page


def test_a_batch_of_eight_files_survives_a_crash_without_the_two_that_were_cancelled(
    own_server: Server, window: Page, tmp_path: Path
) -> None:
    files = []
    for number in range(1, 9):
        file = tmp_path / f"still-{number}.png"
        shutil.copy(PROJECT / "examples" / ("landscape.png" if number % 2 else "second.png"), file)
        files.append(file)
    call(own_server, "/queue/pause", {})
    page = show(window, own_server, "#create")
    expect(page.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    page.locator("#mode-list [data-mode=i2v]").click()
    expect(page.locator("#k-title")).to_contain_text("Image to video")
    page.fill("#field-prompt textarea", "clouds drift by [engine: pace=0.1]")
    page.fill("#field-seconds input", "0.3")
    page.get_by_role("button", name="Batch").click()
    page.locator("#batch-files input[type=file]").set_input_files(files)
    expect(page.locator("#batch-plan")).to_contain_text("8 tasks", timeout=WAIT)
    expect(page.locator("#generate")).to_have_text("Queue 8 tasks")
    page.click("#generate")
    expect(page.locator("#q-list [data-task]")).to_have_count(8, timeout=WAIT)
    for file in files:
        file.unlink()  # Kinora has its own
    # The last to the front, two cancelled.
    page.locator("[data-task='8'] [data-act=front]").click()
    expect(page.locator("#q-list [data-task]").first).to_have_attribute("data-task", "8")
    for task in (3, 5):
        page.locator(f"[data-task='{task}'] .q-select").check()
    page.locator("#q-bulk [data-act=cancel]").click()
    expect(page.locator("#q-dialog")).to_contain_text("Cancel 2 tasks?")
    page.click("#q-dialog-yes")
    expect(page.locator("[data-task='5']")).to_have_attribute("data-status", "cancelled")
    page.click("#q-pause")
    expect(page.locator("[data-task='8']")).to_have_attribute("data-status", "succeeded", timeout=WAIT)
    own_server.process.kill()
    own_server.process.wait()
    expect(page.locator("#q-trouble")).to_be_visible(timeout=WAIT)
    page.goto("about:blank")  # the page reloads itself at a moment of its own
    own_server.start()
    show(window, own_server)
    expect(page.locator("#q-filter-succeeded")).to_contain_text("6", timeout=WAIT)
    statuses = {task: page.locator(f"[data-task='{task}']").get_attribute("data-status") for task in range(1, 9)}
    assert statuses == {task: "cancelled" if task in (3, 5) else "succeeded" for task in range(1, 9)}
    assert len(list((tmp_path / "outputs").rglob("*.mp4"))) == 6
    page.locator("[data-task='8'] .q-expand").click()
    video = page.locator("[data-task='8'] video")
    expect(video).to_be_visible()
    video.evaluate("video => video.play()")
    page.wait_for_function("document.querySelector('[data-task=\"8\"] video').currentTime > 0", timeout=WAIT)
    expect(page.locator("[data-task='8'] figcaption")).to_contain_text("still-8.png")


def test_what_is_open_or_selected_stays_while_the_list_changes(server: Server, window: Page) -> None:
    job = call(server, "/jobs", {"mode": "t2v", "values": SMALL, "tries": 2})["id"]
    later = call(server, "/jobs", {"mode": "t2v", "values": runs.LONG, "name": "later"})["id"]
    page = show(window, server)
    first = call(server, f"/tasks?job={job}")["tasks"][-1]["id"]
    last = call(server, f"/tasks?job={later}")["tasks"][-1]["id"]
    page.locator(f"[data-task='{last}'] .q-expand").click()
    page.locator(f"[data-task='{last}'] .q-select").check()
    page.locator(f"[data-task='{last}'] summary", has_text="Parameters").click()
    expect(page.locator(f"[data-task='{first}']")).to_have_attribute("data-status", "succeeded", timeout=WAIT)
    expect(page.locator(f"[data-task='{last}'] .q-how")).to_contain_text("step", timeout=WAIT)
    expect(page.locator(f"[data-task='{last}'] .q-values")).to_be_visible()
    expect(page.locator(f"[data-task='{last}'] .q-select")).to_be_checked()
    expect(page.locator(f"[data-task='{last}'] .q-preview")).to_be_visible(timeout=WAIT)
    page.locator(f"[data-task='{last}'] [data-act=cancel]").first.click()
    expect(page.locator(f"[data-task='{last}']")).to_have_attribute("data-status", "cancelled", timeout=WAIT)


def test_the_list_works_by_keyboard_and_filters(server: Server, window: Page) -> None:
    call(server, "/queue/pause", {})
    try:
        values = SMALL | {"prompt": "keyboard unique words"}
        job = call(server, "/jobs", {"mode": "t2v", "values": values, "tries": 3})["id"]
        page = show(window, server)
        page.fill("#q-search", "keyboard unique")
        rows = page.locator("#q-list [data-task]")
        expect(rows).to_have_count(3)
        rows.first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        expect(rows.nth(1).locator(".q-select")).to_be_checked()
        page.keyboard.press("Enter")
        expect(rows.nth(1).locator(".q-expand")).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("Delete")
        expect(page.locator("#q-dialog")).to_contain_text("Cancel 1 task?")
        page.keyboard.press("Escape")
        page.click("#q-filter-failed")
        expect(rows).to_have_count(0)
        page.click("#q-filter-queued")
        expect(rows).to_have_count(3)
        call(server, "/tasks/cancel", {"jobs": [job]})
        expect(rows).to_have_count(0)
    finally:
        call(server, "/queue/resume", {})


def test_a_result_is_taken_back_into_the_form_to_be_edited(server: Server, window: Page) -> None:
    call(server, "/queue/pause", {})
    try:
        values = SMALL | {"prompt": "edit me", "steps": 7, "seed": 123}
        job = call(server, "/jobs", {"mode": "t2v", "values": values})["id"]
        task = call(server, f"/tasks?job={job}")["tasks"][0]["id"]
        page = show(window, server, f"#queue?job={job}")
        page.locator(f"[data-task='{task}'] .q-expand").click()
        page.locator(f"[data-task='{task}'] [data-act=edit]").click()
        expect(page.locator("#field-prompt textarea")).to_have_value("edit me", timeout=WAIT)
        expect(page.locator("#field-seed input")).to_have_value("123")
        call(server, "/tasks/cancel", {"jobs": [job]})
    finally:
        call(server, "/queue/resume", {})


def test_ctrl_shift_enter_generates_in_front(server: Server, window: Page) -> None:
    call(server, "/queue/pause", {})
    try:
        waiting = call(server, "/jobs", {"mode": "t2v", "values": SMALL, "tries": 2})["id"]
        page = show(window, server, "#create")
        expect(page.locator("#announcement")).to_contain_text("px", timeout=WAIT)
        page.fill("#field-prompt textarea", "in front of all")
        page.locator("#field-prompt textarea").press("Control+Shift+Enter")
        expect(page.locator("#status")).to_contain_text("The queue is paused", timeout=WAIT)
        queued = call(server, "/tasks?status=queued")["tasks"]
        assert queued[0]["label"] == "in front of all"
        call(server, "/tasks/cancel", {"jobs": [waiting, queued[0]["job"]]})
    finally:
        call(server, "/queue/resume", {})


@pytest.mark.parametrize("width", [390, 1440])
def test_the_queue_is_not_wider_than_the_window(server: Server, window: Page, width: int) -> None:
    call(server, "/jobs", {"mode": "t2v", "values": SMALL | {"prompt": "w" * 300}})
    window.set_viewport_size({"width": width, "height": 900})
    page = show(window, server)
    page.locator("#q-list .q-expand").first.click()
    expect(page.locator("#q-list .q-detail")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_comes_from_outside_is_shown_as_text(server: Server, window: Page) -> None:
    attack = "<img src=x onerror='document.title=\"broken\"'>"
    job = call(server, "/jobs", {"mode": "t2v", "values": SMALL | {"prompt": attack}, "name": attack})["id"]
    page = show(window, server, f"#queue?job={job}")
    page.locator("#q-list .q-expand").first.click()
    expect(page.locator("#q-list .q-detail")).to_contain_text(attack)
    assert page.title() == "Kinora"
