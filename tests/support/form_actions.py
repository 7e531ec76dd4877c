"""What several browser tests do at the form: choose a mode, fill in an example, generate."""

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
