"""The list of modes and the lists of rows: found, remembered, marked, added, removed and kept."""

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import save_file
from support.app_server import WAIT, Server

import modes


def shown(page: Page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('#mode-list [data-mode]')].filter(e => e.offsetParent).map(e => e.dataset.mode)"
    )


def test_modes_stand_in_groups_and_are_found_by_words(page: Page) -> None:
    assert shown(page) == list(modes.MODES)
    groups = page.locator("#mode-list section:not(#mode-recent) h3").all_text_contents()
    assert groups == list(dict.fromkeys(mode.group for mode in modes.MODES.values()))
    page.fill("#mode-search", "wan image")
    assert set(shown(page)) == {"wan_i2v", "wan_flf2v", "wan_5b"}
    page.locator("#mode-search").press("Enter")
    expect(page.locator("#k-title h2")).to_have_text("Wan image to video")
    page.fill("#mode-search", "nothing like it")
    assert shown(page) == []


def test_modes_are_chosen_by_keyboard(page: Page) -> None:
    page.locator("#mode-search").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#k-title h2")).to_have_text("Image to video")
    expect(page.locator("#mode-list [data-mode=i2v]")).to_have_attribute("aria-current", "true")


def test_the_last_modes_used_are_first_at_the_next_visit(page: Page) -> None:
    for mode_id in ("lipsync", "wan_5b"):
        page.locator(f"#mode-list [data-mode={mode_id}]").click()
        expect(page.locator("#k-title h2")).to_have_text(modes.get(mode_id).label)
    page.reload()
    expect(page.locator("#mode-recent [data-mode]")).to_have_count(2, timeout=WAIT)
    assert shown(page)[:2] == ["wan_5b", "lipsync"]


def test_what_needs_nothing_is_marked_ready_and_the_rest_says_what_it_needs(server: Server, window: Page) -> None:
    told = [{"mode": "t2v", "files": 0, "bytes": 0}, {"mode": "i2v", "files": 3, "bytes": 47_000_000_000}]
    told.append({"mode": "a2v", "files": 1, "bytes": None})
    window.route("**/api/v1/modes/presence", lambda route: route.fulfill(body=json.dumps(told)))
    window.goto(server.url)
    expect(window.locator("#mode-list [data-mode=i2v] small")).to_have_text("47 GB", timeout=WAIT)
    expect(window.locator("#mode-list [data-mode=a2v] small")).to_have_text("1 file")
    expect(window.locator("#mode-list [data-mode=t2v]")).to_have_attribute("data-ready", "true")


LORAS = ("ltx-2-19b-ic-lora-detailer.safetensors", "ltx2.3-transition.safetensors")


@pytest.fixture
def lora_files(server: Server) -> None:
    """The files of two LoRAs, in place before the page is opened."""
    folder = server.home / "demo_models" / "loras"
    folder.mkdir(parents=True, exist_ok=True)
    for name in LORAS:
        save_file({"diffusion_model.x.lora_A.weight": np.ones((2, 2), np.float32)}, folder / name)


@pytest.mark.parametrize(("mode_id", "name"), [("t2v", "loras"), ("wan_t2v", "lora_pairs")])
@pytest.mark.usefixtures("lora_files")
def test_loras_are_added_changed_removed_and_reach_the_graph(
    server: Server, page: Page, mode_id: str, name: str
) -> None:
    page.locator(f"#mode-list [data-mode={mode_id}]").click()
    expect(page.locator("#k-title h2")).to_have_text(modes.get(mode_id).label)
    page.get_by_role("button", name="LoRAs ▼").click()
    rows = page.locator(f"[data-rows={name}] .k-row")
    for count in range(1, 7):
        page.locator(f"[data-rows={name}] .k-add").click()
        expect(rows).to_have_count(count)
    rows.nth(1).locator("select").first.select_option(LORAS[0])
    rows.nth(1).locator(".k-cell-number input").fill("0.25")
    rows.nth(2).locator("select").first.select_option(LORAS[1])
    rows.nth(2).locator(".k-cell-switch input").uncheck()
    rows.first.locator(".k-remove").click()
    expect(rows).to_have_count(5)
    page.fill("#field-prompt textarea", "rows of LoRAs")
    page.request.post(f"{server.url}/api/v1/queue/pause")
    try:
        page.click("#generate")
        expect(page.locator("#status")).to_contain_text("The queue is paused", timeout=WAIT)
        task = page.request.get(f"{server.url}/api/v1/tasks?status=queued").json()["tasks"][0]["id"]
        values = page.request.get(f"{server.url}/api/v1/tasks/{task}").json()["values"][name]
        page.request.post(f"{server.url}/api/v1/tasks/cancel", data={"tasks": [task]})
    finally:
        page.request.post(f"{server.url}/api/v1/queue/resume")
    assert [(row["file"], row["strength"], row["on"]) for row in values] == [
        (LORAS[0], 0.25, True),
        (LORAS[1], 1.0, False),
    ]
    page.locator("#mode-list [data-mode=i2v]").click()  # rows stay when the mode changes, where it has them
    expect(page.locator("#k-title h2")).to_have_text("Image to video")
    if name == "loras":
        expect(rows).to_have_count(5)


def test_what_is_pasted_is_described_as_what_is_typed(page: Page) -> None:
    page.locator("#field-seconds input").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("2")
    expect(page.locator("#announcement")).to_contain_text("49 frames")
