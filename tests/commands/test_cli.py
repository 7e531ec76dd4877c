"""The command line, as a program: options from the declaration, exit codes, words."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support import clips, runs
from typer.testing import CliRunner

import cli
import modes
from commands import doctor
from settings import PROJECT, Settings

SCRIPTED = ("tests/support/scripted_app.py", "cli")


def start(home: Path, *arguments: str, program: Sequence[str] = SCRIPTED) -> subprocess.Popen[str]:
    """The program in a process of its own; with the scripted engine unless `program` is another."""
    here = {"KINORA_HOME": str(home), "KINORA_DEMO": "always", "KINORA_DEVICE": "cpu", "PATH": ""}
    command = [sys.executable, *program, *arguments]
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env=os.environ | here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whatever runs in a shell's background inherits that Ctrl+C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["generate", "t2v", "--json", *arguments])
    assert result.exit_code == 2, result.output
    return result.output


def test_every_parameter_of_a_mode_is_an_option(home: Path) -> None:
    help = CliRunner().invoke(cli.app, ["generate", "t2v", "--help"], env={"COLUMNS": "200"}).output
    for parameter in modes.get("t2v").parameters():
        assert f"--{parameter.name.replace('_', '-')}" in help


def test_modes_are_listed() -> None:
    assert "t2v" in CliRunner().invoke(cli.app, ["modes"]).output


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--prompt", "", "Prompt is empty."),
        ("--prompt", "x" * 10_001, "longer than 10,000"),
        ("--width", "abc", "whole number, not “abc”"),
        ("--seconds", "0", "at least 0.2 s"),
        ("--seconds", "-1", "at least 0.2 s"),
        ("--seconds", "10000", "at most 40 s"),
        ("--seconds", "nan", "must be a number"),
        ("--fps", "0", "at least 8 fps"),
        ("--seed", "-2", "at least 0"),
        ("--seed", str(2**64), "at most 18,446"),
        ("--seed", "x", "whole number, not “x”"),
        ("--preset", "turbo", "one of fast, balanced or quality"),
        ("--out", "clip.gif", "must end in"),
        ("--out", "no/such/folder/clip.mp4", "does not exist"),
    ],
)
def test_bad_input_is_reported_at_its_option_with_exit_code_2(
    home: Path, option: str, value: str, sentence: str
) -> None:
    arguments = {"--prompt": "a kite", option: value}
    lines = refused(*(part for pair in arguments.items() for part in pair)).splitlines()
    told = [json.loads(line) for line in lines]
    assert len(told) == 1
    assert told[0]["event"] == "bad_input"
    assert sentence in told[0]["message"]
    assert told[0]["field"] == option[2:]


@pytest.mark.parametrize("program", [SCRIPTED, ["cli.py"]], ids=["scripted engine", "ComfyUI"])
def test_a_clip_is_written_with_what_was_announced(home: Path, tmp_path: Path, program: Sequence[str]) -> None:
    out = tmp_path / "clip.mp4"
    arguments = ["--prompt", "a red kite over the sea", "--seconds", "1", "--width", "192", "--height", "128"]
    process = start(home, "generate", "t2v", *arguments, "--json", "--out", str(out), program=program)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    told: list[dict[str, Any]] = [json.loads(line) for line in stdout.splitlines()]
    announced = told[0]
    assert announced["event"] == "submitted"
    assert len({event["label"] for event in told if event["event"] == "stage"}) >= 3
    assert told[-1]["event"] == "output"
    clip = clips.read(out)
    assert clip.codecs == ("h264", "aac")
    assert clip.pictures.shape[:3] == (announced["frames"], announced["height"], announced["width"])
    assert clip.seconds == pytest.approx(announced["seconds"], abs=0.05)


def test_the_command_line_takes_the_graphs_file(home: Path, tmp_path: Path) -> None:
    out, graph = tmp_path / "image.png", str(PROJECT / "examples" / "graph.json")
    program = start(home, "generate", "graph", "--graph", graph, "--json", "--out", str(out))
    stdout, stderr = program.communicate(timeout=180)
    assert program.returncode == 0, stderr
    assert clips.picture(out).shape == (256, 256, 3)
    told = [json.loads(line) for line in stdout.splitlines()]
    assert (told[0]["width"], told[0]["seed"]) == (None, 42)
    assert told[-1]["event"] == "output"
    missing = start(home, "generate", "graph", "--graph", str(tmp_path / "none.json"), "--json")
    stdout, _ = missing.communicate(timeout=60)
    assert missing.returncode == 2
    assert json.loads(stdout)["field"] == "graph"
    assert "There is no file" in stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_cancels_with_exit_code_130(home: Path) -> None:
    program = start(home, "generate", "t2v", *runs.options(runs.LONG), "--json")
    assert program.stdout is not None
    for line in program.stdout:
        event = json.loads(line)
        if event["event"] == "stage" and event["step"] > 0:
            program.send_signal(signal.SIGINT)
            break
    last = [json.loads(line) for line in program.stdout][-1]
    assert last["event"] == "cancelled"
    assert program.wait(timeout=30) == 130


@pytest.mark.everything
def test_doctor_finds_all_in_order(demo_settings: Settings) -> None:
    program = start(demo_settings.home, "doctor", program=["cli.py"])
    stdout, stderr = program.communicate(timeout=120)
    assert program.returncode == 0, stdout + stderr
    checks = [line.removeprefix("ok").lstrip().partition(":")[0] for line in stdout.splitlines() if line[0] != " "]
    assert checks == ["Python", "Packages", "ComfyUI", "Memory", "Disk", "Models", "Engine", "Patches"]
    for patch in ("comfy.lora:load_lora", "gradio.queueing:Queue", "gradio.networking:setup_tunnel"):
        assert f"          {patch}" in stdout
    assert stdout.count("Needed until: ") == stdout.count("\n          ") // 3


def test_doctor_says_which_model_files_a_preset_has_yet_to_download(home: Path) -> None:
    looked_at = doctor.examine(Settings(home=home, demo="never"))
    check = next(check for check in looked_at if check.name == "Models for Text to video, Fast")
    assert check.ok
    assert check.found.startswith("missing: ")
    assert ".safetensors" in check.found


def test_doctor_says_what_is_broken_with_exit_code_1(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINORA_COMFYUI_DIR", str(home / "nothing"))
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 1
    assert "BROKEN  ComfyUI" in result.output
    assert "bash setup.sh" in result.output
