"""A running app and a real browser."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from support.app_server import WAIT, Server

from tools import programs
from ui import scripts

expect.set_options(timeout=20_000)  # Playwright's own 5 s are too few where all cores are busy


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("page-home"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = programs.chromium()
    assert chromium, "These tests need a Chromium: run them with `bash setup.sh test`, which installs one."
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Page:
    return browser.new_page()


@pytest.fixture
def window(tab: Page) -> Iterator[Page]:
    """An empty window of a browser that was never at Kinora before.

    It is the same one for all tests: in a new one the browser compiles all of the page's scripts, which takes longer
    than most tests.
    """
    tab.set_viewport_size({"width": 1440, "height": 900})
    yield tab
    been = urlsplit(tab.url)
    tab.unroute_all()
    tab.set_extra_http_headers({})
    tab.goto("about:blank")
    tab.context.clear_permissions()
    visited = {"origin": f"{been.scheme}://{been.netloc}", "storageTypes": "local_storage,cookies"}
    tab.context.new_cdp_session(tab).send("Storage.clearDataForOrigin", visited)


@pytest.fixture
def page(server: Server, window: Page) -> Page:
    window.goto(server.url)
    expect(window.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    return window


@pytest.fixture
def modules(window: Page) -> Page:
    """An empty page from which `import("/scripts/0/NAME.js")` gets one of the page's scripts, without any server."""

    def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.partition("/scripts/0/")[2]
        if name in scripts.FILES:
            route.fulfill(body=scripts.FILES[name], content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>empty</title>", content_type="text/html")

    window.route("http://scripts.test/**", answer)
    window.goto("http://scripts.test/")
    return window
