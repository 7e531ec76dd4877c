"""A graph of one's own on the page: pasted or chosen as a file, told what is wrong, run; and copied from the queue."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect
from support.app_server import WAIT
from support.form_actions import choose

from modes.mode import EXAMPLES

EXAMPLE = (EXAMPLES / "graph.json").read_text(encoding="utf-8")


def made(page: Page) -> None:
    page.click("#generate")
    expect(page.locator("#picture img")).to_be_visible(timeout=WAIT)


def test_a_graph_is_checked_while_it_is_given_and_runs(page: Page, tmp_path: Path) -> None:
    choose(page, "graph")
    expect(page.locator("#announcement")).to_contain_text("Graph is missing", timeout=WAIT)
    page.fill("#field-graph textarea", EXAMPLE.replace('"SaveImage"', '"SaveLatent"'))
    note = page.locator("#field-graph-note")
    expect(note).to_contain_text("is a SaveLatent, which is not allowed", timeout=WAIT)
    graph = json.loads(EXAMPLE) | {
        "20": {"class_type": "LoadImage", "inputs": {"image": "mine.png"}},
        "21": {"class_type": "SaveImage", "inputs": {"images": ["20", 0], "filename_prefix": "x"}},
    }
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(graph))
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 4_000_001)
    page.set_input_files("#k-graph-file", large)
    expect(page.locator(".k-file + .k-note")).to_have_text("large.json is too large for a graph.")
    expect(note).to_contain_text("is a SaveLatent, which is not allowed")
    page.set_input_files("#k-graph-file", file)
    expect(page.locator(".k-file + .k-note")).to_have_text("")
    expect(page.locator("#announcement")).to_contain_text("node 20 (LoadImage) loads “mine.png”", timeout=WAIT)
    expect(note).not_to_contain_text("not allowed")
    expect(page.locator("#field-image")).to_be_visible()
    expect(page.locator("#field-second_image")).not_to_be_visible()
    page.locator("#field-image input[type=file]").set_input_files(EXAMPLES / "portrait.png")
    expect(page.locator("#announcement")).to_have_text("Decided by the graph", timeout=WAIT)
    expect(page.locator("#field-image-note")).to_contain_text("For node 20 (LoadImage).")
    made(page)
    expect(page.locator("#results label")).to_have_count(2)
    expect(page.locator("#facts")).to_contain_text("42")


def test_a_graph_copied_from_the_queue_runs(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "t2i")
    page.fill("#field-prompt textarea", "a red kite")
    page.fill("#field-seed input", "5")
    made(page)
    first = page.locator("#picture img").get_attribute("src") or ""
    page.evaluate("location.hash = '#queue'")
    page.locator("[data-status='succeeded'] .q-expand", has_text="a red kite").first.click()
    page.get_by_text("Graph (ComfyUI's API format)").first.click()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    page.evaluate("location.hash = '#create'")
    choose(page, "graph")
    page.fill("#field-seed input", "")
    page.locator("#field-graph textarea").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#announcement")).to_have_text("Decided by the graph", timeout=WAIT)
    made(page)
    expect(page.locator("#picture img")).not_to_have_attribute("src", first, timeout=WAIT)
    expect(page.locator("#facts")).to_contain_text("5")
