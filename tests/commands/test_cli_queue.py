"""The queue on the command line: on the store alone, and on a Kinora that runs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import runs
from support.api_server import serving
from typer.testing import CliRunner, Result

import cli
from jobs import CallerQueue, JobQueue, Selection
from settings import PROJECT, Settings

CLIP = ["--prompt", "a red kite", "--width", "128", "--height", "128", "--seconds", "0.3", "--seed", "7"]
PICTURE = PROJECT / "examples" / "landscape.png"


def kinora(*arguments: str, code: int = 0, said: str | None = None) -> Result:
    result = CliRunner().invoke(cli.app, list(arguments), input=said)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CallerQueue:
    """The queue of a folder on which no Kinora works."""
    for name, value in {"HOME": tmp_path / "home", "DEMO": "always", "DEVICE": "cpu"}.items():
        monkeypatch.setenv(f"KINORA_{name}", str(value))
    return CallerQueue(JobQueue(Settings()))


@pytest.fixture
def running(job_queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallerQueue]:
    """A queue that works, and that says where."""
    monkeypatch.setenv("KINORA_HOME", str(job_queue.settings.home))
    with serving(job_queue) as client:
        job_queue.lock.announce_address(str(client.base_url).removesuffix("/api/v1/"))
        yield CallerQueue(job_queue)
        job_queue.lock.announce_address("")


def test_what_is_submitted_waits_in_the_store_and_can_be_listed_and_shown(alone: CallerQueue) -> None:
    made = kinora("submit", "t2v", *CLIP, "--tries", "2", "--name", "Evening", "--priority", "4")
    assert "Kinora is not running" in made.stderr
    job = int(made.stdout)
    assert alone.job(job).name == "Evening"
    listed = kinora("list", "--job", str(job))
    assert listed.stdout.count("queued") == 2
    assert "2 queued." in listed.stderr
    rows = [json.loads(line) for line in kinora("list", "--json", "--status", "queued").stdout.splitlines()]
    assert [(row["seed"], row["priority"]) for row in rows] == [("7", 4), ("8", 4)]
    shown = kinora("show", str(rows[0]["id"])).stdout
    for words in ("Job 1: Evening", "seed 7", "prompt = a red kite", "First pass", "Submitted"):
        assert words in shown
    assert json.loads(kinora("show", str(rows[0]["id"]), "--json").stdout)["graph"]


def test_a_batch_is_planned_before_and_its_bad_entries_are_named(alone: CallerQueue, tmp_path: Path) -> None:
    folder = tmp_path / "stills"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(PICTURE.read_bytes())
    (folder / "broken.png").write_bytes(b"no picture")
    batch = ["submit", "i2v", *CLIP, "--folder", str(folder), "--grid", "steps=4,5"]
    planned = kinora(*batch, "--dry-run").stdout
    assert "4 tasks, time unknown" in planned
    assert "broken.png" in planned
    refused = kinora(*batch, code=2)
    assert "broken.png" in refused.stderr
    assert "submit only the 4 good ones" in refused.stderr
    assert alone.state().counts.queued == 0
    kinora(*batch, "--skip-bad", "--json")
    assert alone.state().counts.queued == 4


def test_a_table_is_submitted_and_its_lines_are_named(alone: CallerQueue, tmp_path: Path) -> None:
    table = tmp_path / "night.csv"
    table.write_text("prompt,seed\na kite,1\na boat,two\n")
    refused = kinora("submit", "t2v", "--table", str(table), code=2)
    assert "night.csv line 3" in refused.stderr
    assert "whole number" in refused.stderr
    kinora("submit", "t2v", "--table", str(table), "--skip-bad")
    assert [row.label for row in alone.tasks().tasks] == ["night.csv line 2"]
    assert alone.task(1).values["prompt"] == "a kite"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["submit", "t2v", "--prompt", ""], "Prompt is empty."),
        (["submit", "i2v", "--prompt", "x", "--image", "/no/such.png"], "no such file"),
        (["submit", "t2v", "--prompt", "x", "--grid", "steps"], "NAME=VALUE"),
        (["submit", "t2v", "--prompt", "x", "--folder", "/no/such/folder"], "takes no files"),
        (["submit", "i2v", "--prompt", "x", "--folder", "/no/such/folder"], "/no/such/folder"),
        (["list", "--status", "lost"], "no status lost"),
        (["show", "99"], "There is no task 99."),
        (["again", "99"], "There is no job 99."),
        (["cancel"], "Name the tasks"),
        (["retry"], "Name the tasks"),
    ],
)
def test_an_impossible_command_gets_a_sentence_and_exit_code_2(
    alone: CallerQueue, arguments: list[str], sentence: str
) -> None:
    told = kinora(*arguments, code=2)
    assert sentence in told.stderr.replace("\n", " ")
    assert "Traceback" not in told.output
    assert alone.state().counts.queued == 0


def test_watching_is_refused_while_kinora_does_not_run(alone: CallerQueue) -> None:
    kinora("submit", "t2v", *CLIP)
    assert "is not running" in kinora("watch", "1", code=2).stderr


def test_tasks_are_cancelled_retried_reordered_and_paused(alone: CallerQueue) -> None:
    kinora("submit", "t2v", *CLIP, "--tries", "3")
    assert "1 cancelled." in kinora("cancel", "2").stderr
    assert "0 cancelled." in kinora("cancel", "2").stderr
    kinora("cancel", "--queued", said="n\n", code=1)
    assert alone.state().counts.queued == 2
    asked = kinora("cancel", "--queued", said="y\n")
    assert "Cancel 2 queued tasks?" in asked.output
    assert "3 queued again" in kinora("retry", "--job", "1", "--new-seeds").stderr
    assert "7" not in [row.seed for row in alone.tasks().tasks]
    kinora("front", "3")
    kinora("priority", "9", "2")
    assert [row.id for row in alone.tasks().tasks] == [2, 3, 1]
    kinora("pause")
    assert "The queue is paused." in kinora("list").stderr
    kinora("resume")
    assert not alone.state().paused
    assert int(kinora("again", "1").stdout) == 2


def test_clean_only_tells_until_it_is_asked_to_delete(alone: CallerQueue) -> None:
    kinora("submit", "i2v", *CLIP, "--image", str(PICTURE))
    assert kinora("clean", "--days", "0").stdout == ""  # still needed
    alone.cancel(Selection(status="queued"))
    kept = (alone.settings.inputs_dir / "kept") / "landscape.png"
    assert str(kept) in kinora("clean", "--days", "0").stdout
    assert "would be deleted" in kinora("clean", "--days", "0").stderr
    assert kept.is_file()
    assert "deleted" in kinora("clean", "--days", "0", "--delete").stderr
    assert not kept.exists()
    assert PICTURE.is_file()


def test_inputs_may_be_used_in_place(alone: CallerQueue) -> None:
    kinora("submit", "i2v", *CLIP, "--image", str(PICTURE), "--no-stage")
    assert alone.task(1).values["image"] == str(PICTURE)
    assert not (alone.settings.inputs_dir / "kept").exists()


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_with_a_running_kinora_its_queue_is_used_and_a_task_is_watched_to_its_end(
    running: CallerQueue, tmp_path: Path
) -> None:
    made = kinora("submit", "t2v", *CLIP)
    assert "is not running" not in made.stderr
    job = int(made.stdout)
    task = running.first_task(job)
    watched = events(kinora("watch", str(task), "--json").stdout)
    assert watched[-1]["event"] == "output"
    assert "succeeded" in kinora("list", "--job", str(job)).stdout
    shown = kinora("show", str(task)).stdout
    assert str(running.output_file(task, 0)) in shown
    again = events(kinora("watch", str(task), "--json").stdout)
    assert [each["event"] for each in again] == ["output"]
    out = tmp_path / "copy.mp4"
    kinora("generate", "t2v", *CLIP, "--out", str(out))
    assert out.read_bytes()[4:8] == b"ftyp"


def test_a_running_kinora_refuses_with_the_same_sentences(running: CallerQueue) -> None:
    before = running.state().counts
    assert "Prompt is empty." in kinora("submit", "t2v", "--prompt", "", code=2).stderr
    assert "There is no task 999999." in kinora("show", "999999", code=2).stderr
    table = ["--table", "/no/such.csv"]
    assert "/no/such.csv" in kinora("submit", "t2v", "--prompt", "x", *table, code=2).stderr.replace("\n", "")
    assert running.state().counts == before


def test_cancelling_what_runs_says_whether_it_has_stopped(running: CallerQueue) -> None:
    task = running.first_task(int(kinora("submit", "t2v", *runs.options(runs.LONG)).stdout))
    runs.until(lambda: running.task(task).status == "running")
    told = kinora("cancel", str(task)).stderr
    assert "1 cancelled." in told or "1 still running and asked to stop" in told
    assert kinora("watch", str(task), code=130)


def test_a_kinora_that_ended_is_not_asked(alone: CallerQueue) -> None:
    (alone.settings.home / "kinora.json").write_text(
        json.dumps({"pid": os.getpid(), "url": "http://127.0.0.1:1", "token": "x"})
    )
    assert "is not running" in kinora("submit", "t2v", *CLIP).stderr
