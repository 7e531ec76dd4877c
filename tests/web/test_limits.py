"""How often one client may do something: passwords, submissions, uploads; and whom a request is counted for."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support.api_server import serving

from jobs import JobQueue
from settings import PROJECT, Settings
from web.rate_limit import MAX_CLIENTS, RateLimiter, client_of

VALUES = {"prompt": "a red kite", "width": 128, "height": 128, "seconds": 0.3}
JOB = {"mode": "t2v", "values": VALUES}


def opened(home: Path, **given: Any) -> JobQueue:
    return JobQueue(Settings(home=home, device="cpu", demo="always", **given))


def test_a_client_may_do_so_many_at_once_and_then_as_many_in_each_span() -> None:
    limiter = RateLimiter(3, 0.3)
    assert [limiter.take("ada") for _ in range(3)] == [0, 0, 0]
    assert 0 < limiter.take("ada") <= 0.1
    assert limiter.take("ben") == 0
    time.sleep(0.11)
    assert limiter.take("ada") == 0
    assert limiter.take("ada") > 0
    assert [RateLimiter(0, 60).take("ada") for _ in range(100)] == [0] * 100


def test_the_limiters_memory_does_not_grow_without_bound() -> None:
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
def test_a_client_is_an_address_and_of_ipv6_its_network(host: str, client: str) -> None:
    assert client_of({"client": (host, 1)}) == client
    assert client_of({"client": (host, 1), "kinora.local": True}) == ""


def test_whoever_tries_many_passwords_waits_even_with_the_right_one(tmp_path: Path) -> None:
    with serving(opened(tmp_path, user="ada", password="lovelace")) as client:
        for _ in range(3):
            assert client.get("/queue").status_code == 401  # nothing was tried
        answers = [client.get("/queue", auth=("ada", f"guess {number}")) for number in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        told = client.get("/queue", auth=("ada", "lovelace"))
        assert told.status_code == 429
        assert told.headers["content-type"] == "application/problem+json"
        assert 1 <= int(told.headers["retry-after"]) <= 6
        assert told.json()["detail"] == "Too many wrong passwords in a short time."
        assert told.json()["hint"].startswith("Try again in ")
        assert client.get("/health").status_code == 200


def test_submissions_are_limited_by_client_and_the_persons_at_the_machine_are_not(tmp_path: Path) -> None:
    queue = opened(tmp_path, rate_limit=2)
    with serving(queue) as client:
        assert [client.post("/jobs", json=JOB).status_code for _ in range(2)] == [201, 201]
        for path, body in (("/jobs", JOB), ("/jobs/1/again", {}), ("/tasks/retry", {"selection": {"tasks": [1]}})):
            told = client.post(path, json=body)
            assert (told.status_code, told.json()["detail"]) == (429, "Too many submissions in a short time.")
            assert 1 <= int(told.headers["retry-after"]) <= 30
        picture = (PROJECT / "examples" / "landscape.png").read_bytes()
        form = {"data": {"job": json.dumps(JOB)}, "files": {"image": ("a.png", picture)}}
        assert client.post("/jobs/upload", **form).status_code == 429
        assert client.post("/plan", json=JOB).status_code == 200  # asking costs nothing
        token = {"authorization": f"Bearer {queue.lock.token}"}
        assert {client.post("/jobs", json=JOB, headers=token).status_code for _ in range(5)} == {201}


@pytest.mark.parametrize(("given", "most"), [({}, 0), ({"host": "0.0.0.0"}, 60), ({"share": True}, 60)])
def test_a_limit_is_there_by_default_where_others_can_come_in(
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
