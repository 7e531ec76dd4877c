"""Kinora from a terminal: `python cli.py --help`. Options come from the modes' declarations.

Exit codes: 0 done, 1 failed, 2 bad input, 130 cancelled.
"""

import dataclasses
import inspect
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import doctor as health
import modes
from errors import InvalidInputError, KinoraError
from events import Cancelled, Download, Event, Failed, Notice, Output, Preview, Queued, Stage
from jobs import Job, Jobs
from modes import InvalidParamsError, Mode, Parameter
from settings import Settings

FAILED, BAD_INPUT, CANCELLED = 1, 2, 130

app = typer.Typer(help="Kinora: generated video, image and sound on your own machine.", no_args_is_help=True)
generate = typer.Typer(help="Make something; `generate MODE --help` lists a mode's options.", no_args_is_help=True)
app.add_typer(generate, name="generate")
terminal = Console(stderr=True)


@app.command("modes")
def list_modes() -> None:
    """List the modes."""
    for mode in modes.MODES.values():
        typer.echo(f"{mode.id:<12}{mode.label} ({mode.group}). {mode.summary}")


@app.command("settings")
def list_settings() -> None:
    """List the settings, their values now, and what they are for."""
    values = Settings()
    typer.echo(f"From the environment, or from {values.home / 'kinora.toml'} (names in small letters, no prefix).\n")
    for name, field in Settings.model_fields.items():
        value = "(set)" if name == "password" and values.password else getattr(values, name)
        typer.echo(f"KINORA_{name.upper()} = {value}\n    {field.description}")


@app.command()
def doctor() -> None:
    """Check what Kinora needs on this machine; exit code 1 where something needed is broken."""
    checks = list(health.examine(Settings()))
    for check in checks:
        typer.echo(f"{'ok     ' if check.ok else 'BROKEN '} {check.name}: {check.found}")
        if check.hint:
            typer.echo(f"         {check.hint}")
    if not all(check.ok for check in checks):
        raise typer.Exit(FAILED)


def _command(mode: Mode) -> Callable[..., None]:
    """A command whose options are the mode's parameters. Values stay text: one validation, one kind of message."""

    def run(out: Path | None, as_json: bool, **values: str | bool | None) -> None:
        _generate(mode, values, out, as_json)

    options = [
        _option(real, demo.default) for real, demo in zip(mode.parameters(), mode.parameters(demo=True), strict=True)
    ]
    out = Annotated[Path | None, typer.Option("--out", help="Where to put a copy of the result.")]
    as_json = Annotated[bool, typer.Option("--json", help="Print events as lines of JSON.")]
    keyword = inspect.Parameter.KEYWORD_ONLY
    options.append(inspect.Parameter("out", keyword, default=None, annotation=out))
    options.append(inspect.Parameter("as_json", keyword, default=False, annotation=as_json))
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__doc__ = mode.summary
    return run


def _option(parameter: Parameter, demo_default: Any) -> inspect.Parameter:
    name = "--" + parameter.name.replace("_", "-")
    notes = [parameter.help]
    if parameter.choices:
        notes.append(f"One of {', '.join(map(str, parameter.choices))}.")
    if parameter.widget == "loras":
        kind: Any = list[str] | None
        names = [name]
        notes.append("FILE or FILE:STRENGTH (-2 to 2); may be given several times.")
    elif isinstance(parameter.default, bool):
        kind = bool | None
        names = [f"{name}/--no-{name[2:]}"]
    else:
        kind, names = str | None, [name]
    if parameter.default not in (None, "", ()):
        on_demo = f" ({demo_default} on demo models)" if demo_default != parameter.default else ""
        notes.append(f"Default: {parameter.default}{parameter.unit and ' ' + parameter.unit}{on_demo}.")
    annotation = Annotated[kind, typer.Option(*names, help=" ".join(notes), show_default=False)]
    return inspect.Parameter(parameter.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _generate(mode: Mode, values: dict[str, Any], out: Path | None, as_json: bool) -> None:
    tell = _JsonLines() if as_json else _Lines()
    jobs = Jobs(Settings())
    try:
        _check_out(out)
        job = jobs.submit(mode.id, values)
    except InvalidParamsError as error:
        for name, sentence in error.fields.items():
            tell.bad_input(name, sentence)
        raise typer.Exit(BAD_INPUT) from None
    except KinoraError as error:
        tell.bad_input(getattr(error, "field", ""), f"{error.message} {error.hint}".strip())
        raise typer.Exit(BAD_INPUT) from None
    tell.submitted(job, {name for name, value in values.items() if value not in (None, [])})
    jobs.start()
    try:
        last = _follow(jobs, job, tell)
    finally:
        tell.close()
        jobs.stop()
    if isinstance(last, Failed):
        raise typer.Exit(FAILED)
    if isinstance(last, Cancelled):
        raise typer.Exit(CANCELLED)
    if out and isinstance(last, Output):
        shutil.copyfile(last.files[0], out)


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix.lower() != ".mp4":
        raise InvalidInputError(f"--out must end in .mp4, not “{out.name}”.", "out")
    if not out.resolve().parent.is_dir():
        raise InvalidInputError(f"There is no folder {out.resolve().parent}.", "out")


def _follow(jobs: Jobs, job: Job, tell: "_Lines | _JsonLines") -> Event:
    """Tells every event and returns the last one; Ctrl+C cancels the job and waits for its end."""
    events = jobs.events(job.id)
    while True:
        try:
            for event in events:
                tell.event(event)
                if isinstance(event, Output | Failed | Cancelled):
                    return event
        except KeyboardInterrupt:
            jobs.cancel(job.id)
            events = jobs.events(job.id)


class _Lines:
    """For people: a progress bar on stderr (plain lines where it is no terminal), the file's path on stdout."""

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
        terminal.print(f"--{field.replace('_', '-')}: {sentence}" if field else sentence, markup=False, style="red")

    def submitted(self, job: Job, given: set[str]) -> None:
        terminal.print(f"{job.announced.text()}, seed {job.seed}", highlight=False, markup=False)
        for name in job.announced.notes.keys() & given:
            note = job.announced.notes[name]
            terminal.print(f"--{name.replace('_', '-')}: {note}", markup=False)
        self._progress.start()

    def event(self, event: Event) -> None:
        match event:
            case Queued():
                self._show("Waiting for the engine")
            case Download():
                done = f"{event.done / 1e6:,.0f} of {event.total / 1e6:,.0f} MB, {event.speed / 1e6:.1f} MB/s"
                self._show(f"Downloading {event.file}", event.done, event.total, done)
            case Stage():
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


class _JsonLines:
    """For programs: one JSON object a line on stdout, `event` says which one; previews are left out."""

    def bad_input(self, field: str, sentence: str) -> None:
        self._print("bad_input", {"field": field, "message": sentence})

    def submitted(self, job: Job, given: set[str]) -> None:
        announced = dataclasses.asdict(job.announced) | {"seconds": job.announced.seconds}
        self._print("submitted", {"job": job.id, "mode": job.mode.id, "seed": job.seed} | announced)

    def event(self, event: Event) -> None:
        if not isinstance(event, Preview):
            self._print(type(event).__name__.lower(), dataclasses.asdict(event))

    def close(self) -> None:
        sys.stdout.flush()

    def _print(self, kind: str, content: dict[str, Any]) -> None:
        typer.echo(json.dumps({"event": kind, **content}, default=str))


for _mode in modes.MODES.values():
    generate.command(_mode.id)(_command(_mode))


def main() -> None:
    """Runs the command line; errors in words, not as a traceback."""
    try:
        app()
    except KinoraError as error:
        terminal.print(f"{error.message} {error.hint}", markup=False, style="red")
        raise SystemExit(FAILED) from None


if __name__ == "__main__":
    main()
