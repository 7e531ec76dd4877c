"""The page under its own security headers, in a real browser: all of it works, and nothing comes from elsewhere."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from support.app_server import WAIT, Server
from support.form_actions import choose, fill_first_example


def script_sources(policy: str) -> str:
    """What a policy says of scripts; where it says nothing of them, what it says of everything."""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    return rules.get("script-src", rules["default-src"])


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/queue", "/api/v1/nothing", "/theme.css", "/gradio_api/file=/etc/passwd", "/functions/"]
)
def test_every_answer_has_the_security_headers(server: Server, path: str) -> None:
    headers = httpx2.get(f"{server.url}{path}").headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "'unsafe-inline'" not in script_sources(policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]


def test_the_page_works_under_its_policy_and_asks_no_other_host(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    said, hosts = [], set()
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(server.url)
    expect(page.locator("#announcement")).to_contain_text("px", timeout=WAIT)
    choose(page, "lipsync")  # an image, a sound, a clip
    fill_first_example(page)
    expect(page.locator("#field-audio audio, #field-audio [data-testid^=waveform]").first).to_be_attached()
    page.click("#generate")
    page.wait_for_function("document.querySelector('#video video')?.currentTime > 0", timeout=WAIT)
    choose(page, "inpaint")  # the mask editor
    fill_first_example(page)
    expect(page.locator("#field-mask canvas").first).to_be_visible(timeout=WAIT)
    page.evaluate("location.hash = '#queue'")
    page.locator("[data-status=succeeded] .q-expand").first.click()
    expect(page.locator(".q-results video").first).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(500)
    context.close()
    assert not [text for text in said if "Content Security Policy" in text or "Refused" in text], said
    assert {host for host in hosts if host} == {urlsplit(server.url).netloc}


def test_a_script_that_is_smuggled_into_the_page_does_not_run(page: Page) -> None:
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            """() => {
              const made = document.createElement("div");
              made.innerHTML = "<img src=nowhere onerror=\\"document.title = 'broken'\\">";
              document.body.append(made);
            }"""
        )
    assert page.title() == "Kinora"
