"""Downloads, with the real Hugging Face client against a hub on loopback that misbehaves."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.hub_server import COMMIT, Hub, Stored

from errors import CancelledError, DownloadError
from models import Models, download, registry
from models.registry import ModelFile
from settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
REPO = "Lightricks/Test"
DATA = os.urandom(600_000)
OTHER = os.urandom(len(DATA))
PROGRAM = """
import json, sys
from pathlib import Path
from dataclasses import asdict
from models import Models
from settings import Settings
graph = {"1": {"class_type": "UNETLoader", "inputs": {"unet_name": "big.safetensors"}}}
for event in Models(Settings(demo="never"), Path(sys.argv[1])).ensure(graph):
    print(json.dumps(asdict(event)), flush=True)
"""


@pytest.fixture
def hub():
    with Hub() as server:
        yield server


@pytest.fixture
def table(tmp_path):
    rows = [
        ModelFile("diffusion_models", "big.safetensors", REPO, "split/big.safetensors", None, None, None),
        ModelFile("vae", "small.safetensors", REPO, "small.safetensors", None, None, None),
    ]
    registry.write(rows, tmp_path / "registry.tsv")
    return tmp_path / "registry.tsv"


@pytest.fixture
def models(home, hub, table, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub_cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(download, "RETRY_DELAYS", (0.05, 0.05, 0.05))
    return Models(Settings(demo="never"), table)


GRAPH = {"1": {"class_type": "UNETLoader", "inputs": {"unet_name": "big.safetensors"}}}
BOTH = GRAPH | {"2": {"class_type": "VAELoader", "inputs": {"vae_name": "small.safetensors"}}}


def store(hub, **how):
    return hub.add(REPO, "split/big.safetensors", Stored(DATA, **how))


def target(home):
    return home / "models" / "diffusion_models" / "big.safetensors"


def partial(home):
    return next(target(home).parent.glob("*.part"))


def fails(models, graph=GRAPH):
    with pytest.raises(DownloadError) as caught:
        list(models.ensure(graph))
    return caught.value


def test_bytes_and_speed_are_reported_and_the_file_arrives_complete(home, hub, models):
    store(hub, bytes_per_second=800_000)
    events = list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert 3 <= len(events) <= 12
    assert events[-1].done == events[-1].total == len(DATA)
    assert 200_000 < events[-1].speed < 1_600_000
    assert sorted(os.listdir(target(home).parent)) == [".locks", "big.safetensors"]


def test_files_that_are_there_cause_no_event_and_no_request(home, hub, models):
    store(hub)
    hub.add(REPO, "small.safetensors", Stored(b"vae"))
    list(models.ensure(GRAPH))
    hub.requests.clear()
    assert {event.file for event in models.ensure(BOTH)} == {"small.safetensors"}
    assert not [request for request in hub.requests if "big" in request.path]
    hub.requests.clear()
    assert list(models.ensure(BOTH)) == []
    assert hub.requests == []


def test_cut_connections_are_continued_not_restarted(home, hub, models):
    store(hub, cuts=[100_000, 200_000, 0, 50_000])
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA
    ranges = [request.range for request in hub.transfers]
    assert ranges == [None, "bytes=100000-", "bytes=300000-", "bytes=300000-", "bytes=350000-"]


def test_killed_process_is_continued_by_the_next(home, hub, models, table):
    stored = store(hub, bytes_per_second=400_000)
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, table], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    while json.loads(child.stdout.readline())["done"] < 100_000:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    received = partial(home).stat().st_size
    assert 0 < received < len(DATA)
    stored.bytes_per_second = 0
    events = list(models.ensure(GRAPH))
    assert events[0].done == received
    assert hub.transfers[-1].range == f"bytes={received}-"
    assert target(home).read_bytes() == DATA


def test_server_without_ranges_is_read_from_the_beginning(home, hub, models):
    store(hub, cuts=[100_000], ignores_ranges=True)
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA


@pytest.mark.parametrize("speed", [200_000, 50])
def test_cancel_ends_within_a_second_and_keeps_what_came(home, hub, models, speed):
    stored = store(hub, bytes_per_second=speed)
    cancelled = threading.Event()
    threading.Timer(0.6, cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        list(models.ensure(GRAPH, cancelled))
    assert time.monotonic() - started < 1.3
    assert partial(home).exists()
    stored.bytes_per_second = 0
    time.sleep(0.2)  # the thread that was left behind writes its last bytes
    received = partial(home).stat().st_size
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA
    assert received == 0 or hub.transfers[-1].range == f"bytes={received}-"


def test_cancelling_before_the_start_sends_no_request(hub, models):
    store(hub)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        list(models.ensure(GRAPH, cancelled))
    assert hub.requests == []


def test_two_processes_make_one_download(home, hub, models, table):
    store(hub, bytes_per_second=300_000)
    command = [sys.executable, "-c", PROGRAM, table]
    pair = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    events = [[json.loads(line) for line in child.communicate(timeout=20)[0].splitlines()] for child in pair]
    assert [child.returncode for child in pair] == [0, 0]
    assert len(hub.transfers) == 1
    assert target(home).read_bytes() == DATA
    for told in events:  # the waiting process reports the other's progress
        assert told[-1]["done"] == len(DATA)


def test_wrong_bytes_are_removed_and_reported(home, hub, models):
    stored = store(hub, sent=OTHER)
    error = fails(models)
    assert "does not match the checksum that Lightricks/Test gives" in error.message
    assert stored.sha256 in error.detail
    assert os.listdir(target(home).parent) == [".locks"]
    stored.sent = None
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA


def test_too_many_bytes_are_wrong_bytes(home, hub, models):
    store(hub, sent=DATA + b"x")
    assert "does not match the checksum that Lightricks/Test gives" in fails(models).message
    assert not target(home).exists()


def test_too_few_bytes_are_wrong_after_some_tries(home, hub, models):
    store(hub, sent=DATA[:-10])
    error = fails(models)
    assert error.kind == "download"
    assert not target(home).exists()


def test_registry_pin_is_what_is_asked_for_and_checked(home, hub, models, table):
    stored = store(hub)
    row = registry.read(table)[0]
    pinned = ModelFile(row.folder, row.name, row.repo, row.path, COMMIT, len(DATA), stored.sha256)
    registry.write([pinned], table)
    list(Models(Settings(demo="never"), table).ensure(GRAPH))
    assert all(f"/resolve/{COMMIT}/" in request.path for request in hub.requests if "resolve" in request.path)
    assert not (home / "models.lock.json").exists()
    target(home).unlink()
    stored.data = OTHER
    hub.requests.clear()
    error = fails(Models(Settings(demo="never"), table))
    assert error.message == "big.safetensors at Lightricks/Test is no longer the file that Kinora knows."
    assert hub.transfers == []


def test_first_seen_revision_is_kept(home, hub, models):
    stored = store(hub)
    list(models.ensure(GRAPH))
    target(home).unlink()
    stored.commit = "d" * 40
    error = fails(models)
    assert f"revision {COMMIT}" in error.message
    assert "removed upstream" in error.message


def test_disk_is_checked_for_all_files_before_the_first_byte(home, hub, models):
    hub.add(REPO, "small.safetensors", Stored(b"vae", stated_size=10**15))
    store(hub)
    error = fails(models, BOTH)
    assert "1000000.0 GB are still to be downloaded" in error.message
    assert "are free at" in error.message
    assert "KINORA_HOME" in error.hint
    assert hub.transfers == []


@pytest.mark.parametrize(("token", "words"), [(None, "needs a token"), ("hf_other", "The token in use may not")])
def test_gated_file_says_how_to_get_it(hub, models, monkeypatch, token, words):
    store(hub, gated=True)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    error = fails(models)
    assert words in error.message
    assert "Lightricks/Test is gated" in error.message
    assert f"{hub.url}/Lightricks/Test" in error.hint
    assert "HF_TOKEN" in error.hint
    assert len(hub.requests) == 1


def test_token_opens_a_gated_file_and_stays_with_the_hub(home, hub, models, monkeypatch):
    store(hub, gated=True)
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA
    assert {request.token for request in hub.requests if "resolve" in request.path} == {"hf_reader"}
    assert {request.token for request in hub.transfers} == {None}


def test_missing_file_was_renamed_upstream(hub, models):
    error = fails(models)
    assert "renamed or removed upstream" in error.message
    assert "models/diffusion_models" in error.hint
    assert len(hub.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_server_errors_are_waited_out(home, hub, models, status):
    store(hub, hub_errors=[(status, {}), (status, {})], storage_errors=[(status, {})])
    list(models.ensure(GRAPH))
    assert target(home).read_bytes() == DATA


def test_a_lasting_server_error_is_reported(hub, models):
    store(hub, hub_errors=[(500, {})] * 20)
    error = fails(models)
    assert "status 500" in error.message
    assert len(hub.requests) == len(download.RETRY_DELAYS) + 1


def test_retry_after_is_respected(hub, models):
    store(hub, hub_errors=[(429, {"Retry-After": "1"})])
    started = time.monotonic()
    list(models.ensure(GRAPH))
    assert time.monotonic() - started > 1


def test_a_long_retry_after_is_reported_instead_of_awaited(hub, models):
    store(hub, hub_errors=[(429, {"Retry-After": "900"})])
    error = fails(models)
    assert "too many requests" in error.message
    assert "900 seconds" in error.hint
    assert len(hub.requests) == 1


def test_no_connection_says_what_to_do(models, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    error = fails(models)
    assert "no connection to http://127.0.0.1:1" in error.message
    assert "HF_ENDPOINT" in error.hint
    assert "models/diffusion_models" in error.hint


def test_file_that_cannot_be_written_says_where(home, hub, models):
    store(hub)
    target(home).parent.parent.mkdir(parents=True)
    target(home).parent.write_text("a file where the folder should be")
    error = fails(models)
    assert "cannot write to the models folder" in error.message
    assert str(target(home).parent) in error.message
