"""The page with ComfyUI: from typing to playing, in the process that a person starts."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect
from support.app_server import COMFY, WAIT, Server
from support.form_actions import type_clip

import modes

SMALL = {"seconds": 0.4, "width": 256, "height": 192, "steps": 30}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("comfy-home"), program=COMFY)
    yield running
    running.stop()


def test_a_typed_prompt_becomes_a_playing_video(page: Page) -> None:
    type_clip(page, "a red kite over the sea", SMALL)
    page.click("#generate")
    video = page.locator("#video video")
    expect(video).to_be_visible(timeout=WAIT)
    page.wait_for_function("document.querySelector('#video video').currentTime > 0", timeout=WAIT)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight, video.error]") == [256, 192, None]
    expect(page.locator(".k-phases [data-state=done]")).to_have_text(list(modes.get("t2v").phases))
    for fact in ("Seed", "256 × 192 px", "Took"):
        expect(page.locator("#facts")).to_contain_text(fact)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename.startswith("a-red-kite-over-the-sea_")


def test_the_web_process_stays_without_torch_after_a_run(page: Page, server: Server) -> None:
    libraries = {Path(each.path).name for each in psutil.Process(server.process.pid).memory_maps()}
    assert not {name for name in libraries if name.startswith(("libtorch", "libc10"))}
