"""The page's JavaScript is served as files, at addresses that name its version."""

import re
from urllib.parse import urljoin

import httpx2
import pytest
from support.app_server import Server

from ui import scripts


@pytest.fixture(scope="module")
def app_script() -> str:
    """The address of the page's one script."""
    found = re.search(r'<script type="module" src="\.(/scripts/[0-9a-f]{16}/app\.js)">', scripts.HEAD)
    assert found
    return found[1]


def test_a_script_may_be_kept_for_ever(server: Server, app_script: str) -> None:
    answer = httpx2.get(server.url + app_script)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_import_leads_to_a_script_of_the_same_version(server: Server, app_script: str) -> None:
    folder = app_script.removesuffix("app.js")
    waiting, seen = [app_script], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        assert path.startswith(folder)
        answer = httpx2.get(server.url + path)
        assert answer.status_code == 200, path
        waiting += [urljoin(path, name) for name in re.findall(r'(?:from|^import) "(.+?)";', answer.text, re.MULTILINE)]
    preloaded = set(re.findall(r'modulepreload" href="\.(/.+?)"', scripts.HEAD))
    assert seen == preloaded, "a script that nothing imports, or one that is not fetched early"


def test_only_one_script_knows_where_rest_is() -> None:
    assert [name for name, content in scripts.FILES.items() if b"api/v1" in content] == ["api.js"]


@pytest.mark.parametrize(
    "path",
    [
        "/scripts/0000000000000000/app.js",
        "{folder}nothing.js",
        "{folder}",
        "{folder}../../scripts.py",
        "{folder}..%2f..%2fscripts.py",
        "{folder}%2fetc/passwd",
        "/scripts/../ui/scripts.py",
    ],
)
def test_nothing_else_is_served(server: Server, app_script: str, path: str) -> None:
    answer = httpx2.get(server.url + path.format(folder=app_script.removesuffix("app.js")))
    assert answer.status_code == 404


def test_the_pages_head_has_no_script_of_ours_in_it() -> None:
    assert re.findall(r"<script[^>]*>([^<]*)</script>", scripts.HEAD) == [""]
