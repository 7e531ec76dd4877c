"""The page with all its modes: how fast it shows another one, and how much each mode adds to its size."""

import json
import statistics
import time
from collections.abc import Iterator

from playwright.sync_api import sync_playwright

import modes
import ui.page
from jobs import JobQueue
from modes.segments import MAX_SEGMENTS
from settings import Settings
from tools.measure.figures import Figure
from tools.measure.servers import CHROMIUM, TIMEOUT, kinora

FEW = 8  # modes, beside which all of them are measured
ROUNDS = 3

# From the click to the first frame that shows the other mode's title.
SWITCH = """(mode) => new Promise((done) => {
  const title = document.getElementById("k-title");
  const started = performance.now();
  const seen = new MutationObserver(() => {
    if (!title.querySelector(`[data-shown=${mode}]`)) return;
    seen.disconnect();
    requestAnimationFrame(() => done(performance.now() - started));
  });
  seen.observe(title, { childList: true, subtree: true, attributes: true });
  document.querySelector(`#mode-list [data-mode=${mode}]`).click();
})"""


def measure(settings: Settings) -> Iterator[Figure]:
    """Needs the environment's KINORA_HOME to be the settings' home, and demo models that are already there."""
    yield _long_video(settings)
    yield from _switching(settings)


def _added(settings: Settings) -> int:
    """Bytes by which the page's configuration is larger with all modes than with FEW."""
    queue = JobQueue(settings.model_copy(update={"home": settings.home / "payload"}))
    every = dict(modes.MODES)
    whole = _bytes(queue)
    try:
        for mode in list(every)[FEW:]:
            del modes.MODES[mode]
        few = _bytes(queue)
    finally:
        modes.MODES.clear()
        modes.MODES.update(every)
    return whole - few


def _long_video(settings: Settings) -> Figure:
    mode = modes.get("wan_long")
    segments = [{"prompt": f"segment {number}"} for number in range(1, MAX_SEGMENTS + 1)]
    params = mode.validate({**mode.examples[0].values, "stages": segments}, settings)
    times = []
    for _ in range(20):
        started = time.perf_counter()
        mode.preview_graph(params)
        times.append((time.perf_counter() - started) * 1000)
    note = f"median of {len(times)}; {len(mode.preview_graph(params))} nodes"
    return Figure(f"the graph of a video in {MAX_SEGMENTS} segments", statistics.median(times), "ms", 50, note)


def _bytes(queue: JobQueue) -> int:
    return len(json.dumps(ui.page.build(queue).get_config_file(), default=str))


def _switching(settings: Settings) -> Iterator[Figure]:
    with kinora(settings) as server, sync_playwright() as playwright:
        server.seconds_to_serve()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT * 1000)
        bodies: list[int] = []
        page.on("requestfinished", lambda request: bodies.append(request.sizes()["responseBodySize"]))
        page.goto(f"http://127.0.0.1:{server.port}", wait_until="load")
        page.locator("#announcement", has_text="px").wait_for()
        page.locator("#engine", has_text="ready").wait_for()
        loaded, added = sum(bodies), _added(settings)
        note = f"all that the browser loads, {len(modes.MODES)} modes beside {FEW}; {loaded / 1e6:.1f} MB"
        yield Figure("page payload, all modes / 8 modes", loaded / (loaded - added), "x", 1.1, note)
        first, *others = modes.MODES
        taken = []
        for mode in [*others, first] * ROUNDS:
            taken.append(page.evaluate(SWITCH, mode))
            page.wait_for_timeout(500)  # a person looks at it
        browser.close()
    median = f"median {statistics.median(taken):.0f} ms"
    note = f"from the click to the other form, {len(taken)} changes over all modes; {median}"
    slowest = statistics.quantiles(taken, n=20)[-1]
    yield Figure("another mode shown, 95th percentile", slowest, "ms", 300, note)
