"""Words, numbers and addresses that the page's scripts make. No server runs: see the fixture `modules`."""

from typing import Any

import pytest
from playwright.sync_api import Page

from ui import snippets

SECONDS = [0, 0.04, 0.05, 9.94, 9.96, 10, 59.4, 59.6, 60, 61, 119.5, 599.7, 3599.4, 3599.6, 3600, 3661, 90_000]


def of(modules: Page, script: str, expression: str, argument: Any = None) -> Any:
    """What an expression gives, in which `m` is the module and `x` the argument."""
    code = f"async (x) => {{ const m = await import('/scripts/0/{script}.js'); return {expression}; }}"
    return modules.evaluate(code, argument)


def test_durations_read_as_those_that_python_writes(modules: Page) -> None:
    assert of(modules, "format", "x.map(m.duration)", SECONDS) == [snippets.duration(each) for each in SECONDS]
    assert of(modules, "format", "[m.duration(null), m.duration(undefined)]") == ["", ""]


def test_counts_have_a_plural_and_separators(modules: Page) -> None:
    assert of(modules, "format", "x.map((each) => m.count(each, 'task', 'tasks'))", [0, 1, 12_345]) == [
        "0 tasks",
        "1 task",
        "12,345 tasks",
    ]


def test_joined_leaves_out_what_says_nothing(modules: Page) -> None:
    assert of(modules, "format", "m.joined(', ', 'a', '', null, false, 0, 'b')") == "a, b"


@pytest.mark.parametrize(
    ("address", "view", "job"),
    [
        ("", "create", None),
        ("#create", "create", None),
        ("#queue", "queue", None),
        ("#queue?job=3", "queue", 3),
        ("#queue?job=-1", "queue", None),
        ("#queue?job=x", "queue", None),
        ("#queue?job=1.5", "queue", None),
        ("#elsewhere?job=3", "create", 3),
    ],
)
def test_an_address_names_a_view_and_a_job(modules: Page, address: str, view: str, job: int | None) -> None:
    assert of(modules, "route", "m.parse(x)", address) == {"view": view, "job": job}


def test_the_address_of_a_job_is_read_back_as_that_job(modules: Page) -> None:
    assert of(modules, "route", "[m.queueOf(7), m.parse(m.queueOf(7)).job, m.queueOf(null)]") == [
        "#queue?job=7",
        7,
        "#queue",
    ]


def test_rest_is_found_from_the_scripts_own_address(modules: Page) -> None:
    assert of(modules, "api", "m.API") == "/api/v1"


def test_an_error_of_rest_is_its_detail_and_hint(modules: Page) -> None:
    problems = [{"detail": "The disk is full.", "hint": "Make room."}, {"detail": "No."}, {}]
    assert of(modules, "api", "x.map(m.sentence)", problems) == [
        "The disk is full. Make room.",
        "No.",
        "The request failed, and Kinora did not say why.",
    ]


def test_a_server_that_is_gone_is_an_error_in_words(modules: Page) -> None:
    modules.route("**/api/v1/**", lambda route: route.abort())
    assert of(modules, "api", "await m.call('/queue').catch((error) => error.message)") == "Kinora is not responding."


def test_a_proxy_may_add_a_path_in_front_of_the_page(modules: Page) -> None:
    code = "import('/kinora/scripts/0/api.js').then((m) => [m.API, m.fileAddress('/api/v1/x')])"
    assert modules.evaluate(code) == ["/kinora/api/v1", "/kinora/api/v1/x"]


def test_the_queues_state_is_one_line(modules: Page) -> None:
    state = {
        "counts": {"queued": 2, "running": 1},
        "paused": False,
        "held": "",
        "engines": [{"name": "engine-2", "state": "ready"}],
        "seconds_left": 90,
    }
    states = [
        state,
        state | {"paused": True, "seconds_left": None},
        state | {"held": "The disk is full."},
        state | {"held": "The disk is full.", "counts": {"queued": 0, "running": 0}, "seconds_left": None},
    ]
    assert of(modules, "queue/head", "x.map(m.sentenceOf)", states) == [
        "3 tasks left · about 1 min 30 s until all are done · engine 2: ready",
        "Paused · engine 2: ready",
        "3 tasks left · about 1 min 30 s until all are done · The disk is full.",
        "No tasks are waiting · engine 2: ready",
    ]


def test_a_job_may_have_ended_once_a_task_of_it_ends_that_was_seen_unfinished(modules: Page) -> None:
    batches = [
        [{"job": 1, "status": "succeeded"}, {"job": 2, "status": "running"}],
        [{"job": 2, "status": "failed"}, {"job": 3, "status": "queued"}],
    ]
    active = "const active = new Set(); return x.map((each) => [...m.perhapsEnded(active, each)]);"
    assert of(modules, "notify", f"(() => {{ {active} }})()", batches) == [[], [2]]
