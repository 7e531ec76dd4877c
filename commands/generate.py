"""`generate MODE`: runs one generation and waits for it, in a running Kinora if there is one, or in this process."""

import shutil
from pathlib import Path
from typing import Any

import typer

import modes
from commands.api_client import ApiClient, engine_program, running
from commands.options import command, option, written_values
from commands.reporter import BAD_INPUT, CANCELLED, FAILED, Reporter, exit_for, make_reporter, terminal
from errors import BusyError, InvalidInputError, KinoraError
from events import FINAL, Cancelled, Event, Failed, Output
from jobs import CallerQueue, JobQueue, Selection, Submission
from media.kinds import WRITTEN
from modes import Mode
from settings import Settings

generate = typer.Typer(
    help="Generate something and wait for it; `generate MODE --help` lists a mode's options.", no_args_is_help=True
)
QUIET = 1.0
"""Seconds without an event, after which the engine's state is checked."""


def _generate(mode: Mode, values: dict[str, Any], out: Path | None, as_json: bool) -> None:
    reporter = make_reporter(as_json)
    settings = Settings()
    own: JobQueue | None = None  # the queue of this process, where no Kinora runs
    try:
        _check_out(out)
        written = written_values(mode, values)
        queue = running(settings)
        if queue is None:
            own = JobQueue(settings, engine_program.get())
            queue = CallerQueue(own)
        job = queue.submit(Submission(mode=mode.id, values=written))
    except KinoraError as error:
        raise exit_for(error, reporter) from None
    task = queue.tasks(job=job.id).tasks[0].id
    reporter.submitted(queue.task(task), set(written))
    if own:
        queue = _started(own, job.id)
    try:
        last = _follow(queue, task, reporter)
    finally:
        reporter.close()
        if own:
            own.stop()
    if isinstance(last, Failed):
        raise typer.Exit(FAILED)
    if isinstance(last, Cancelled):
        raise typer.Exit(CANCELLED)
    if out and isinstance(last, Output):
        made = last.files[0]
        if made.suffix != out.suffix.lower():
            reporter.bad_input("out", f"The result is a {made.suffix} file, {made}; it was not copied to {out.name}.")
            raise typer.Exit(BAD_INPUT)
        shutil.copyfile(made, out)


def _started(own: JobQueue, job: int) -> CallerQueue | ApiClient:
    """The queue, once something runs this job: this process, as soon as no other one uses the home folder, or a Kinora
    that was just starting."""
    waiting = False
    while True:
        try:
            own.start(only_job=job)
            return CallerQueue(own)
        except BusyError as error:
            if client := running(own.settings):
                return client
            if not waiting:
                terminal.print(f"{error.message} Waiting for it to end.", markup=False)
            waiting = True


def _follow(queue: CallerQueue | ApiClient, task: int, reporter: Reporter) -> Event:
    """Reports every event and returns the last one; Ctrl+C cancels the task and waits for its end."""
    while True:
        try:
            for events in queue.updates(task, QUIET):
                for event in events:
                    reporter.event(event)
                    if isinstance(event, FINAL):
                        return event
                if isinstance(queue, CallerQueue) and (failed := queue.engine.error):
                    queue.cancel(Selection(tasks=[task]))  # a later run would have no watcher
                    reporter.event(failed)
                    return failed
        except KeyboardInterrupt:
            queue.cancel(Selection(tasks=[task]))


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix.lower() not in WRITTEN:
        raise InvalidInputError(f"--out must end in {', '.join(WRITTEN)}, as results do, not “{out.name}”.", "out")
    if not out.resolve().parent.is_dir():
        raise InvalidInputError(f"The folder {out.resolve().parent} does not exist.", "out")


_extra = [
    option("out", None, Path | None, "--out", help="Where to save a copy of the result."),
    option("as_json", False, bool, "--json", help="Print events as lines of JSON."),
]
for _mode in modes.MODES.values():
    generate.command(_mode.id)(command(_mode, _generate, _extra))
