"""`submit MODE`: queues one generation or a batch, which a running Kinora runs now, or any Kinora at its next start."""

from pathlib import Path
from typing import Any

import typer

import modes
from commands.api_client import open_queue
from commands.options import command, option, written_values
from commands.reporter import exit_for, make_reporter, problem_text, terminal
from errors import InvalidInputError, KinoraError
from jobs import Batch, CallerQueue, Plan, Submission
from jobs.types import MAX_PRIORITY, MAX_TRIES, MIN_PRIORITY
from modes import Mode
from settings import Settings

submit = typer.Typer(
    help="Queue one generation or a batch; `submit MODE --help` lists the options.", no_args_is_help=True
)


def _submit(
    mode: Mode,
    values: dict[str, Any],
    folder: Path | None,
    file: list[Path] | None,
    into: str | None,
    table: Path | None,
    grid: list[str] | None,
    tries: int,
    priority: int,
    name: str,
    skip_bad: bool,
    keep_copies: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    reporter = make_reporter(as_json)
    try:
        batch = Batch(
            folder=folder and folder.expanduser().absolute(),
            files=[each.expanduser().absolute() for each in file or ()],
            into=into,
            table=table and table.expanduser().absolute(),
            grid=_grid(grid or []),
        )
        many = batch.folder or batch.files or batch.table or batch.grid
        submission = Submission(
            mode=mode.id,
            values=written_values(mode, values),
            batch=batch if many else None,
            tries=tries,
            priority=priority,
            name=name,
            keep_copies=keep_copies,
        )
        queue = open_queue(Settings())
        if dry_run:
            _show_plan(queue.plan(submission), as_json)
            return
        job = queue.submit(submission, skip_bad)
    except KinoraError as error:
        raise exit_for(error, reporter) from None
    if as_json:
        typer.echo(job.model_dump_json())
        return
    count = job.counts.queued
    typer.echo(job.id)
    terminal.print(f"Job {job.id}, {job.name}: {count:,} {'task' if count == 1 else 'tasks'} queued.", markup=False)
    if isinstance(queue, CallerQueue):
        terminal.print("Kinora is not running; it will run them when it starts.")


def _show_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        typer.echo(plan.model_dump_json())
        return
    seconds = f"about {plan.seconds:,.0f} s" if plan.seconds is not None else "time unknown"
    typer.echo(f"{plan.tasks:,} tasks, {seconds}, about {plan.disk_bytes / 1e6:,.0f} MB")
    for file in plan.to_download:
        typer.echo(f"Will first download {file}")
    for problem in plan.problems:
        typer.echo(problem_text(problem))


def _grid(lists: list[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in lists:
        name, equals, values = each.partition("=")
        if not equals or not values:
            raise InvalidInputError(f"Write --grid as NAME=VALUE,VALUE, not “{each}”.", "grid")
        found[name.strip().replace("-", "_")] = [value.strip() for value in values.split(",")]
    return found


_extra = [
    option("folder", None, Path | None, "--folder", help="A folder: one generation for each of its media files."),
    option("file", None, list[Path] | None, "--file", help="One generation for this file; can be repeated."),
    option("into", None, str | None, "--into", help="The parameter that takes the files."),
    option("table", None, Path | None, "--table", help="A CSV or JSON lines file: one generation for each row."),
    option(
        "grid",
        None,
        list[str] | None,
        "--grid",
        help="NAME=VALUE,VALUE: one generation for every combination; can be repeated.",
    ),
    option(
        "tries", 1, int, "--tries", help="How many generations of each, with different seeds.", min=1, max=MAX_TRIES
    ),
    option("priority", 0, int, "--priority", help="Higher runs first.", min=MIN_PRIORITY, max=MAX_PRIORITY),
    option("name", "", str, "--name", help="A name for the job."),
    option("skip_bad", False, bool, "--skip-bad", help="Leave out entries that cannot run."),
    option(
        "keep_copies",
        True,
        bool,
        "--stage/--no-stage",
        help="Keep copies of the inputs (default), or use them in place.",
    ),
    option("dry_run", False, bool, "--dry-run", help="Only print what would be queued."),
    option("as_json", False, bool, "--json", help="Print JSON."),
]
for _mode in modes.MODES.values():
    submit.command(_mode.id)(command(_mode, _submit, _extra))
