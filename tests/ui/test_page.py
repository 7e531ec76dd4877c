"""The page, as a person uses it: a run is watched, cancelled, crashes, waits for another; bad input is explained."""

import pytest
from playwright.sync_api import Browser, Page, expect
from support import runs
from support.app_server import WAIT, Server
from support.form_actions import type_clip
from support.scripted_engine import write_script

import modes

SMALL = {"seconds": 0.4, "width": 256, "height": 192, "steps": 30}
SLOWLY = " [engine: pace=0.3]"


def samples(page: Page) -> None:
    expect(page.locator("#status")).to_contain_text("First pass, step", timeout=WAIT)


def stop(page: Page) -> None:
    page.click("#cancel")
    expect(page.locator("#status")).to_contain_text("Cancelled", timeout=WAIT)


def test_ctrl_enter_generates_phases_and_previews_are_shown_and_cancel_stops(page: Page) -> None:
    type_clip(page, "a long run" + SLOWLY, runs.LONG)
    page.locator("#field-prompt textarea").press("Control+Enter")
    samples(page)
    expect(page.locator(".k-phases li")).to_have_text(list(modes.get("t2v").phases))
    expect(page.locator(".k-phases [data-state=now]")).to_have_text("First pass")
    expect(page.locator(".k-preview")).to_be_visible(timeout=WAIT)
    stop(page)
    expect(page.locator("#cancel")).to_be_disabled()


def test_bad_input_gets_a_card_and_a_sentence_at_its_field_and_loses_nothing(page: Page) -> None:
    page.fill("#field-seconds input", "10000")
    page.click("#generate")
    card = page.locator("#k-bar .k-error")
    expect(card).to_contain_text("Prompt is empty.")
    expect(card).to_contain_text("Length must be at most 40 s.")
    expect(page.locator("#field-seconds-note")).to_contain_text("Length must be at most 40 s.")
    expect(page.locator("#field-seconds input")).to_have_value("10000")


def test_a_killed_engine_is_reported_and_the_task_runs_again(page: Page, server: Server) -> None:
    type_clip(page, "killed in between" + SLOWLY, runs.LONG)
    write_script(server.home, start_seconds=3)
    page.click("#generate")
    samples(page)
    server.engine().kill()
    notice = page.locator("#status .k-notice")
    expect(notice).to_contain_text("The engine stopped unexpectedly", timeout=WAIT)
    expect(notice).to_contain_text("It will run again")
    expect(page.locator("#engine")).to_contain_text("restarting")
    write_script(server.home)
    samples(page)
    stop(page)


def test_a_page_that_is_reloaded_during_a_run_shows_the_run_again(page: Page) -> None:
    type_clip(page, "goes on" + SLOWLY, runs.LONG)
    page.click("#generate")
    samples(page)
    page.reload()
    samples(page)
    stop(page)


def test_two_people_are_served_in_order(page: Page, server: Server, browser: Browser) -> None:
    other = browser.new_context().new_page()
    other.goto(server.url)
    expect(other.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    type_clip(page, "first" + SLOWLY, runs.LONG)
    type_clip(other, "second", SMALL)
    page.click("#generate")
    samples(page)
    other.click("#generate")
    expect(other.locator("#status")).to_contain_text("Waiting for 1 task ahead of this one")
    stop(page)
    expect(other.locator("#video video")).to_be_visible(timeout=WAIT)
    other.context.close()


def test_fields_without_effect_say_so_and_presets_say_what_they_do(page: Page) -> None:
    expect(page.locator("#field-negative_prompt-note")).to_contain_text("has no effect at guidance 1")
    page.locator("#field-preset").get_by_text("Quality").click()
    expect(page.locator("#field-preset-note")).to_contain_text("guidance 4")
    expect(page.locator("#field-negative_prompt-note")).not_to_contain_text("no effect")


def test_nothing_is_fetched_from_elsewhere(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    opened = context.new_page()
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(server.url)
    expect(opened.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(server: Server, window: Page, width: int) -> None:
    window.set_viewport_size({"width": width, "height": 844})
    window.goto(server.url)
    expect(window.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    assert window.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_says_plainly_that_these_are_demo_models(page: Page) -> None:
    expect(page.locator("#demo")).to_contain_text("demo models")
    expect(page.locator("#demo")).to_contain_text("GPU")
