"""Takes the screenshots in docs/images: the page in a Chromium, each mode with its first example on demo models.

    python tools/make_screenshots.py [NAME ...]

NAME is a screenshot's name without its suffix: a mode's id, text-to-video, queue or phone. The default is all of them.
"""

import argparse
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import modes  # noqa: E402
from tools import programs  # noqa: E402

IMAGES = PROJECT / "docs" / "images"
PROMPT = "A red ball rolling to the left in the desert, a low hum"
DESKTOP, PHONE = (1440, 1000), (390, 844)
COLOURS = 256
WAIT = 300_000  # ms, for a run on a slow processor
LONGEST = 2.0  # seconds of clip


@contextmanager
def serving() -> Iterator[str]:
    """Runs the app on demo models with its own home folder; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"KINORA_HOME": home, "KINORA_DEMO": "always", "KINORA_DEVICE": "cpu"}
        app = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=PROJECT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            while app.poll() is None and not answers(url):
                time.sleep(0.2)
            yield url
        finally:
            app.terminate()
            app.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.URLError:
        return False
    return True


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int], dark: bool = False) -> Iterator[Page]:
    """The page as it is on a first visit."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    yield page
    context.close()


def fill_example(page: Page, mode: modes.Mode) -> None:
    """Fills in the mode's first example, not longer than LONGEST."""
    page.locator(f"#mode-list [data-mode={mode.id}]").first.click()
    expect(page.locator("#k-title h2")).to_have_text(mode.label, timeout=WAIT)
    page.locator("#examples label", has_text=mode.examples[0].label).first.click()
    if "prompt" in mode.examples[0].values:
        expect(page.locator("#field-prompt textarea")).to_have_value(mode.examples[0].values["prompt"], timeout=WAIT)
    seconds = page.locator("#field-seconds input")
    has_length = "seconds" in mode.params.model_fields
    if has_length and (not seconds.input_value() or float(seconds.input_value()) > LONGEST):
        seconds.fill(f"{LONGEST:g}")
        seconds.press("Tab")
    expect(page.locator("#announcement")).to_contain_text(re.compile("px|by the graph"), timeout=WAIT)


def generate(page: Page) -> None:
    """Generates the result; a clip is paused in its middle, where there is most to see."""
    page.click("#generate")
    expect(page.locator("#video video, #picture img").first).to_be_visible(timeout=WAIT)
    if page.locator("#picture img").is_visible():
        return
    page.wait_for_function("document.querySelector('#video video').readyState >= 3", timeout=WAIT)
    page.locator("#video video").evaluate(
        """video => new Promise(done => {
             video.pause(); video.onseeked = done; video.currentTime = video.duration / 2 })"""
    )
    page.wait_for_timeout(1500)  # the engine's light turns to ready, controls over the video fade


def take(page: Page, name: str) -> None:
    """Saves the window, scrolled to its top, as a small PNG in docs/images."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    file = IMAGES / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.stat().st_size / 1000:4.0f} kB  {file.relative_to(PROJECT)}", flush=True)


def take_all(browser: Browser, url: str, names: list[str]) -> None:
    for mode in modes.MODES.values():
        if mode.id in names:
            with opened(browser, url, DESKTOP) as page:
                fill_example(page, mode)
                generate(page)
                take(page, mode.id)
    for name, size, dark in (("text-to-video", DESKTOP, False), ("phone", PHONE, True)):
        if name in names:
            with opened(browser, url, size, dark) as page:
                page.fill("#field-prompt textarea", PROMPT)
                generate(page)
                take(page, name)


def take_queue(browser: Browser, url: str) -> None:
    """A batch in progress: one task runs and is open, others are done, waiting or cancelled."""
    examples = [str(PROJECT / "examples" / name) for name in ("landscape.png", "portrait.png", "second.png")]
    small = {"width": 256, "height": 192, "seconds": 1}
    submit(url, "t2v", small | {"prompt": "Fireflies over a meadow"}, name="Fireflies", tries=2)
    values = small | {"prompt": "Clouds drift, the light changes", "steps": 100, "width": 512, "height": 384}
    batch = {"files": examples, "grid": {"image_strength": [0.8, 1]}}
    submit(url, "i2v", values, name="Stills, overnight", batch=batch)
    with opened(browser, f"{url}/#create", DESKTOP) as page:
        page.evaluate("location.hash = '#queue'")
        done = page.locator("[data-status='succeeded']", has_text="Fireflies")
        expect(done).to_have_count(2, timeout=WAIT)
        page.locator("[data-status='queued'] [data-act=cancel]").last.click()
        running = page.locator("[data-status='running']").first
        running.locator(".q-expand").click()
        expect(running.locator(".q-preview")).to_be_visible(timeout=WAIT)
        take(page, "queue")


def submit(url: str, mode: str, values: dict[str, Any], **more: Any) -> None:
    httpx2.post(f"{url}/api/v1/jobs", json={"mode": mode, "values": values, **more}, timeout=60).raise_for_status()


def main() -> None:
    known = [*modes.MODES, "text-to-video", "queue", "phone"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(known))
    names = parser.parse_args().names or known
    if unknown := set(names) - set(known):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    IMAGES.mkdir(exist_ok=True)
    with serving() as url, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=programs.chromium(), args=options)
        take_all(browser, url, names)
        if "queue" in names:
            take_queue(browser, url)
        browser.close()


if __name__ == "__main__":
    main()
