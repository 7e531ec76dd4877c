"""How often one client may do something: passwords, submissions, uploads; and for which client a request counts."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support.api_server import serving

from jobs import JobQueue
from settings import PROJECT, Settings
from web.rate_limit import MAX_CLIENTS, RateLimiter, client_of
from web.scope import LOCAL

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
JOB = {"mode": "t2v", "values": VALUES}


def opened(home: Path, **given: Any) -> JobQueue:
    return JobQueue(Settings(home=home, device="cpu", demo="always", **given))


def test_a_client_may_reach_the_limit_at_once_and_then_act_at_its_rate() -> None:
    limiter = RateLimiter(3, 0.3)
    assert [limiter.take("ada") for _ in range(3)] == [0, 0, 0]
    assert 0 < limiter.take("ada") <= 0.1
    assert limiter.take("ben") == 0
    time.sleep(0.11)
    assert limiter.take("ada") == 0
    assert limiter.take("ada") > 0
    assert [RateLimiter(0, 60).take("ada") for _ in range(100)] == [0] * 100


def test_the_limiter_remembers_a_bounded_number_of_clients() -> None:
    limiter = RateLimiter(1, 60)
    for number in range(MAX_CLIENTS + 500):
        limiter.take(str(number))
    assert len(limiter._empty_at) == MAX_CLIENTS
    assert limiter.wait_time(str(MAX_CLIENTS + 499)) > 0  # the newest are remembered
    assert limiter.wait_time("0") == 0


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("not an address", "not an address"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_ipv6(host: str, client: str) -> None:
    assert client_of({"client": (host, 1)}) == client
    assert client_of({"client": (host, 1), LOCAL: True}) == ""


def test_a_client_that_guesses_passwords_has_to_wait_even_with_the_right_one(tmp_path: Path) -> None:
    with serving(opened(tmp_path, user="ada", password="lovelace")) as client:
        for _ in range(3):
            assert client.get("/queue").status_code == 401  # no password was sent
        answers = [client.get("/queue", auth=("ada", f"guess {number}")) for number in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        refused = client.get("/queue", auth=("ada", "lovelace"))
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 6
        assert refused.json()["detail"] == "Too many wrong passwords in a short time."
        assert refused.json()["hint"].startswith("Try again in ")
        assert client.get("/health").status_code == 200


def test_submissions_are_limited_by_client_except_for_the_person_at_the_machine(tmp_path: Path) -> None:
    queue = opened(tmp_path, rate_limit=2)
    with serving(queue) as client:
        assert [client.post("/jobs", json=JOB).status_code for _ in range(2)] == [201, 201]
        for path, body in (("/jobs", JOB), ("/jobs/1/again", {}), ("/tasks/retry", {"selection": {"tasks": [1]}})):
            refused = client.post(path, json=body)
            assert (refused.status_code, refused.json()["detail"]) == (429, "Too many submissions in a short time.")
            assert 1 <= int(refused.headers["retry-after"]) <= 30
        picture = (PROJECT / "examples" / "landscape.png").read_bytes()
        form = {"data": {"job": json.dumps(JOB)}, "files": {"image": ("a.png", picture)}}
        assert client.post("/jobs/upload", **form).status_code == 429
        assert client.post("/plan", json=JOB).status_code == 200  # a plan does not count
        token = {"authorization": f"Bearer {queue.lock.token}"}
        assert {client.post("/jobs", json=JOB, headers=token).status_code for _ in range(5)} == {201}


@pytest.mark.parametrize(("given", "most"), [({}, 0), ({"host": "0.0.0.0"}, 60), ({"share": True}, 60)])
def test_there_is_a_limit_by_default_where_others_can_reach_the_page(
    tmp_path: Path, given: dict[str, object], most: int
) -> None:
    queue = opened(tmp_path, **given)
    for _ in range(most or 80):
        assert queue.submissions.take("203.0.113.9") == 0
    assert (queue.submissions.take("203.0.113.9") > 0) == bool(most)


@pytest.mark.parametrize(("proxies", "clients"), [(["127.0.0.1"], 3), (["192.0.2.1"], 1)])
def test_a_forwarded_address_counts_only_where_its_proxy_is_trusted(
    tmp_path: Path, proxies: list[str], clients: int
) -> None:
    with serving(opened(tmp_path, rate_limit=1, trusted_proxies=proxies)) as client:
        forged = [{"x-forwarded-for": f"198.51.100.1, 203.0.113.{number}"} for number in range(3)]
        statuses = [client.post("/jobs", json=JOB, headers=headers).status_code for headers in forged]
        assert statuses.count(201) == clients
