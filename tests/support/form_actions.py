"""What several browser tests do at the form: choose a mode, fill in an example, generate."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

import modes
from support.app_server import WAIT

LABELS = {mode.id: mode.label for mode in modes.MODES.values()}


def choose(page: Page, mode_id: str) -> None:
    page.locator(f"#mode-list [data-mode={mode_id}]").click()
    expect(page.locator("#k-title h2")).to_have_text(LABELS[mode_id])


def fill_first_example(page: Page) -> None:
    page.locator("#examples label").first.click()
    expect(page.locator("#announcement")).to_contain_text("px", timeout=WAIT)


def generate(page: Page) -> None:
    page.click("#generate")
    expect(page.locator("#facts")).to_contain_text("Seed", timeout=WAIT)
    expect(page.locator("#video video")).to_be_visible(timeout=WAIT)


def type_clip(page: Page, prompt: str, values: Mapping[str, Any]) -> None:
    page.fill("#field-prompt textarea", prompt)
    page.get_by_role("button", name="Advanced").locator("visible=true").click()
    page.wait_for_timeout(500)  # the fold's fields are made when it opens; nobody types faster than that
    for name in ("seconds", "width", "height", "steps"):
        page.fill(f"#field-{name} input", str(values[name]))
    page.keyboard.press("Tab")
    expect(page.locator("#announcement")).to_contain_text(f"{values['width']} × {values['height']} px")
