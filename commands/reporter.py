"""What a command prints: lines and a progress bar for people, JSON lines for programs."""

import dataclasses
import json
import sys
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from errors import BatchError, InvalidInputError, KinoraError, Problem
from events import EVENT_NAMES, Cancelled, Download, Event, Failed, Notice, Output, Phase, Preview, Queued
from jobs import TaskDetail
from modes import InvalidParamsError, OutputSpec

FAILED, BAD_INPUT, CANCELLED = 1, 2, 130
"""Exit codes."""

terminal = Console(stderr=True)


class Reporter(Protocol):
    """Prints what happens to a generation."""

    def bad_input(self, field: str, sentence: str) -> None: ...
    def submitted(self, task: TaskDetail, given: set[str]) -> None: ...
    def event(self, event: Event) -> None: ...
    def close(self) -> None: ...


def exit_for(error: KinoraError, reporter: Reporter) -> typer.Exit:
    """Reports what is wrong with the input, by field. The caller raises the exit that this returns."""
    match error:
        case InvalidParamsError():
            for name, sentence in error.fields.items():
                reporter.bad_input(name, sentence)
        case BatchError():
            for problem in error.problems:
                reporter.bad_input(problem.field, problem_text(problem))
            terminal.print(error.hint, markup=False)
        case InvalidInputError():
            reporter.bad_input(error.field, error.words)
        case _:
            reporter.bad_input("", error.words)
    return typer.Exit(BAD_INPUT)


def problem_text(problem: Problem) -> str:
    return f"{problem.where}: {problem.message}" if problem.where else problem.message


class TextReporter:
    """For people: a progress bar on stderr, or lines where stderr is not a terminal; the file's path on stdout."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=terminal, disable=not terminal.is_terminal)
        self._bar = self._progress.add_task("Waiting", total=None, done="")
        self._label = ""

    def bad_input(self, field: str, sentence: str) -> None:
        text = f"--{field.replace('_', '-')}: {sentence}" if field else sentence
        terminal.print(text, markup=False, style="red", soft_wrap=True)

    def submitted(self, task: TaskDetail, given: set[str]) -> None:
        terminal.print(f"{task.size}, seed {task.seed}", highlight=False, markup=False)
        for name in task.announced["notes"].keys() & given:
            terminal.print(f"--{name.replace('_', '-')}: {task.announced['notes'][name]}", markup=False)
        self._progress.start()

    def event(self, event: Event) -> None:
        match event:
            case Queued():
                tasks = "1 task" if event.ahead == 1 else f"{event.ahead:,} tasks"
                self._show(f"Waiting for {tasks} ahead of this one" if event.ahead else "Waiting for the engine")
            case Download():
                done = f"{event.done / 1e6:,.0f} of {event.total / 1e6:,.0f} MB, {event.speed / 1e6:.1f} MB/s"
                self._show(f"Downloading {event.file}", event.done, event.total, done)
            case Phase():
                done = f"step {event.step} of {event.steps}" if event.steps else ""
                self._show(event.label, event.step, event.steps, done)
            case Notice():
                terminal.print(event.message, markup=False, style="yellow")
            case Output():
                self.close()
                terminal.print(f"Done in {event.seconds:.1f} s", highlight=False)
                for file in event.files:
                    typer.echo(file)
            case Failed():
                self.close()
                terminal.print(event.message, markup=False, style="red")
                terminal.print(event.hint, markup=False)
                if event.detail:
                    terminal.print(event.detail, markup=False, style="dim", highlight=False)
            case Cancelled():
                self.close()
                terminal.print("Cancelled.")

    def close(self) -> None:
        self._progress.stop()

    def _show(self, label: str, value: int = 0, total: int = 0, done: str = "") -> None:
        self._progress.update(self._bar, description=label, completed=value, total=total or None, done=done)
        if not terminal.is_terminal and label != self._label:
            terminal.print(label, markup=False)
        self._label = label


class JsonReporter:
    """For programs: one JSON object a line on stdout, whose `event` is the event's name; previews are left out."""

    def bad_input(self, field: str, sentence: str) -> None:
        self._print("bad_input", {"field": field, "message": sentence})

    def submitted(self, task: TaskDetail, given: set[str]) -> None:
        seconds = OutputSpec(**task.announced).seconds
        known = {"job": task.job, "task": task.id, "mode": task.mode, "seed": int(task.seed)}
        self._print("submitted", known | task.announced | {"seconds": seconds})

    def event(self, event: Event) -> None:
        if not isinstance(event, Preview):
            self._print(EVENT_NAMES[type(event)], dataclasses.asdict(event))

    def close(self) -> None:
        sys.stdout.flush()

    def _print(self, kind: str, content: dict[str, Any]) -> None:
        typer.echo(json.dumps({"event": kind, **content}, default=str))


def make_reporter(as_json: bool) -> Reporter:
    return JsonReporter() if as_json else TextReporter()
