"""The page over all modes: what is shared stays, examples fill, results go on, bad files are told at their field."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.app_server import WAIT
from support.form_actions import LABELS, choose, fill_first_example, generate

import modes
from modes import lists


@pytest.mark.parametrize("mode_id", LABELS)
def test_a_modes_form_shows_its_own_fields_and_no_others(page: Page, mode_id: str) -> None:
    choose(page, mode_id)
    mode = modes.get(mode_id)
    for parameter in mode.parameters():
        # A graph that is not there yet has no place for files.
        unused = parameter.name in mode.unused({})
        if not parameter.advanced and not unused and parameter.widget not in lists.LIST_KINDS:
            expect(page.locator(f"#field-{parameter.name}")).to_be_visible()
    others = {each.name for other in modes.MODES.values() for each in other.parameters()} - set(
        mode.params.model_fields
    )
    for name in others:
        expect(page.locator(f"#field-{name}")).not_to_be_visible()


def test_prompt_seed_and_camera_stay_when_the_mode_changes(page: Page) -> None:
    page.fill("#field-prompt textarea", "the same words")
    page.fill("#field-seed input", "12345678901234567890")
    choose(page, "i2v")
    expect(page.locator("#field-prompt textarea")).to_have_value("the same words")
    expect(page.locator("#field-seed input")).to_have_value("12345678901234567890")
    expect(page.locator("#field-image-note")).to_contain_text("The clip starts from this image.")


def test_an_example_fills_the_form_and_its_result_can_be_used_as_input_elsewhere(page: Page) -> None:
    choose(page, "lipsync")
    fill_first_example(page)
    expect(page.locator("#field-image img")).to_be_visible()
    expect(page.locator("#field-audio")).to_contain_text("0:03")
    page.fill("#field-seconds input", "0.5")
    page.keyboard.press("Tab")
    expect(page.locator("#announcement")).to_contain_text("9 frames")
    generate(page)
    page.locator("#use input").click()
    page.get_by_role("option", name="Image to video: the last frame as first image", exact=True).click()
    expect(page.locator("#k-title h2")).to_have_text("Image to video", timeout=WAIT)
    expect(page.locator("#field-image img")).to_be_visible()
    expect(page.locator("#announcement")).to_contain_text("256 × 320 px", timeout=WAIT)


def test_a_video_can_be_restyled_from_the_page(page: Page) -> None:
    choose(page, "restyle")
    fill_first_example(page)
    expect(page.locator("#field-video video")).to_be_visible()
    page.fill("#field-seconds input", "0.5")
    page.keyboard.press("Tab")
    expect(page.locator("#announcement")).to_contain_text("9 frames")
    generate(page)


def test_a_file_that_is_no_image_is_reported_at_its_field_and_the_rest_stays(page: Page, tmp_path: Path) -> None:
    choose(page, "flf2v")
    fill_first_example(page)
    text = tmp_path / "no picture, really.png"
    text.write_text("only words")
    page.locator("#field-last_image").get_by_label("Remove").click()
    page.locator("#field-last_image input[type=file]").set_input_files(text)
    expect(page.locator("#field-last_image-note .k-wrong")).to_contain_text("Last image", timeout=WAIT)
    page.click("#generate")
    expect(page.locator("#announcement .k-error")).to_contain_text("Last image")
    expect(page.locator("#field-first_image img")).to_be_visible()


def test_a_missing_input_is_named(page: Page) -> None:
    choose(page, "i2v")
    page.fill("#field-prompt textarea", "clouds drift")
    page.click("#generate")
    expect(page.locator("#announcement .k-error")).to_contain_text("First image is missing.")
    expect(page.locator("#field-image-note")).to_contain_text("First image is missing.")
