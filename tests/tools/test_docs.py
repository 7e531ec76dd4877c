"""The documentation agrees with the code."""

import re
from pathlib import Path

import pytest

import modes
from tools import make_docs

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def test_the_page_of_modes_is_what_the_modes_declare():
    assert make_docs.PAGE.read_text(encoding="utf-8") == make_docs.page(), "run: python tools/make_docs.py"


def test_every_mode_has_a_small_screenshot():
    for mode in modes.MODES:
        assert (PROJECT / "docs" / "images" / f"{mode}.png").stat().st_size < 350_000, mode


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("http"):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("mode", modes.MODES)
def test_the_readme_names_every_mode(mode):
    assert f"`{mode}`" in (PROJECT / "README.md").read_text(encoding="utf-8")
