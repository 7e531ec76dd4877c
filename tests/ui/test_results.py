"""What comes of a run: images, several files, masks painted on the page, and results that go on to other modes."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect
from support import runs
from support.app_server import WAIT
from support.form_actions import choose, fill_first_example

from modes.mode import EXAMPLES


def make_images(page: Page, count: int) -> None:
    choose(page, "t2i")
    page.fill("#field-prompt textarea", "a red kite")
    page.fill("#field-count input", str(count))
    page.keyboard.press("Tab")
    expect(page.locator("#announcement")).to_contain_text(f"{count} images, 256 × 256 px")
    page.click("#generate")
    expect(page.locator("#picture img")).to_be_visible(timeout=WAIT)


def test_one_of_several_images_becomes_an_input_along_with_its_settings(page: Page) -> None:
    make_images(page, 3)
    first = page.locator("#picture img").get_attribute("src")
    page.locator("#results label").nth(2).click()
    expect(page.locator("#picture img")).not_to_have_attribute("src", first or "")
    page.fill("#field-prompt textarea", "something else by now")
    page.locator("#use input").click()
    page.get_by_role("option", name="Image to image: image", exact=True).click()
    expect(page.locator("#k-title h2")).to_have_text("Image to image", timeout=WAIT)
    expect(page.locator("#field-image img")).to_be_visible()
    expect(page.locator("#field-prompt textarea")).to_have_value("a red kite")
    expect(page.locator("#field-count input")).to_have_value("3")


def test_a_mask_is_painted_on_the_image_and_only_that_part_changes(page: Page, tmp_path: Path) -> None:
    choose(page, "inpaint")
    with Image.open(EXAMPLES / "landscape.png") as image:
        image.resize((240, 160)).save(tmp_path / "small.png")
    page.locator("#field-image input[type=file]").set_input_files(tmp_path / "small.png")
    expect(page.locator("#announcement")).to_contain_text("The mask is empty", timeout=WAIT)
    page.wait_for_timeout(1500)  # the editor draws its canvas
    canvas = page.locator("#field-mask canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 50, middle[1], steps=8)
    page.mouse.up()
    expect(page.locator("#announcement")).to_contain_text("1 image, 240 × 160 px", timeout=WAIT)
    page.fill("#field-prompt textarea", "a purple moon")
    page.click("#generate")
    expect(page.locator("#picture img")).to_be_visible(timeout=WAIT)


@pytest.mark.everything
def test_an_examples_mask_is_used_as_it_is(page: Page) -> None:
    choose(page, "inpaint")
    fill_first_example(page)
    page.click("#generate")
    expect(page.locator("#picture img")).to_be_visible(timeout=WAIT)
    expect(page.locator("#field-mask-note .k-wrong")).to_have_count(0)
    runs.until(lambda: sends_nothing(page))


def sends_nothing(page: Page) -> bool:
    """For a while, in which nobody does anything."""
    try:
        page.wait_for_event("request", timeout=2000)
    except TimeoutError:
        return True
    return False


def test_segments_are_added_and_removed_and_each_is_a_file(page: Page) -> None:
    choose(page, "wan_long")
    rows = page.locator("[data-rows=stages] .k-row")
    expect(rows).to_have_count(1)
    expect(rows.first.locator(".k-remove")).to_be_hidden()
    page.locator("#field-image input[type=file]").set_input_files(EXAMPLES / "landscape.png")
    for number in (2, 3):
        page.click("[data-rows=stages] .k-add")
        expect(rows).to_have_count(number)
    for number, words in enumerate(("dawn", "nothing", "dusk")):
        rows.nth(number).locator("textarea").fill(words)
    rows.nth(1).locator(".k-remove").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Segment 2")
    page.fill("#field-seconds input", "0.5")
    page.keyboard.press("Tab")
    expect(page.locator("#announcement")).to_contain_text("17 frames", timeout=WAIT)
    page.click("#generate")
    expect(page.locator("#video video")).to_be_visible(timeout=WAIT)
    expect(page.locator("#results label")).to_have_text(["Whole video", "Segment 1", "Segment 2"])
    whole = page.locator("#video video").get_attribute("src")
    page.locator("#results label").nth(2).click()
    expect(page.locator("#video video")).not_to_have_attribute("src", whole or "", timeout=WAIT)


def test_a_result_in_the_queue_can_be_used_as_an_input(page: Page) -> None:
    make_images(page, 2)
    page.evaluate("location.hash = '#queue'")
    done = page.locator("[data-status=succeeded]").first
    done.locator(".q-expand").click()
    page.reload()
    expect(page.locator("#picture")).to_be_attached()
    page.evaluate("location.hash = '#queue'")
    done.locator(".q-expand").click()
    page.locator("[data-act=use]").first.click()
    expect(page.locator("#picture img")).to_be_visible(timeout=WAIT)
    expect(page.locator("#use")).to_be_visible()
