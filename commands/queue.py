"""Commands that show and change the queue: list, show, watch, cancel, retry, pause, clean …"""

import time
from typing import Annotated

import typer

from commands.api_client import open_queue
from commands.reporter import CANCELLED, FAILED, make_reporter, terminal
from errors import InvalidInputError
from events import FINAL, Cancelled, Event, Failed
from jobs import STATUSES, ActionResult, CallerQueue, JobQueue, Selection, Status, TaskSummary
from jobs.types import MAX_PRIORITY, MIN_PRIORITY
from settings import Settings

Tasks = Annotated[list[int] | None, typer.Argument(help="Task numbers.")]
OfJob = Annotated[int | None, typer.Option("--job", help="All tasks of this job.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def list_tasks(
    status: Annotated[list[str] | None, typer.Option(help="queued, running, succeeded, failed or cancelled.")] = None,
    job: OfJob = None,
    search: Annotated[str, typer.Option(help="Words of the label or of the job's name, or a seed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List tasks: running, failed, queued in the order they will run, then the others, newest first."""
    chosen: list[Status] = [each for each in STATUSES if not status or each in status]
    if status and (unknown := set(status) - set(STATUSES)):
        raise InvalidInputError(
            f"There is no status {', '.join(unknown)}. Choose from {', '.join(STATUSES)}.", "status"
        )
    queue = open_queue(Settings())
    page = queue.tasks(chosen, job, search, limit)
    if as_json:
        for row in page.tasks:
            typer.echo(row.model_dump_json())
        return
    state = queue.state()
    for row in page.tasks:
        typer.echo(_line(row))
    counts = ", ".join(f"{count:,} {name}" for name, count in state.counts.model_dump().items() if count)
    paused = " The queue is paused." if state.paused else ""
    terminal.print(f"{counts or 'The queue is empty'}.{paused}", highlight=False)
    if isinstance(queue, CallerQueue) and state.counts.queued:
        terminal.print("Kinora is not running; the queue continues when it starts.")


def show(task: Annotated[int, typer.Argument(help="A task's number.")], as_json: AsJson = False) -> None:
    """Show everything about a task."""
    detail = open_queue(Settings()).task(task)
    if as_json:
        typer.echo(detail.model_dump_json())
        return
    typer.echo(_line(detail))
    typer.echo(f"Job {detail.job}: {detail.job_name}\n{detail.size}, seed {detail.seed}")
    for name, value in detail.values.items():
        typer.echo(f"  {name} = {value}")
    for given in detail.inputs:
        typer.echo(f"  {given.parameter} was {given.original}")
    for phase in detail.phases:
        typer.echo(f"  {phase.label}" + (f": {phase.seconds:.1f} s" if phase.seconds is not None else ""))
    if detail.failure:
        typer.echo(f"{detail.failure.message} {detail.failure.hint}")
    for output in detail.outputs_list:
        typer.echo(output.path + ("" if output.bytes is not None else " (no longer exists)"))
    for line in detail.log:
        typer.echo(f"  {_clock(line.time)} {line.text}")


def watch(task: Annotated[int, typer.Argument(help="A task's number.")], as_json: AsJson = False) -> None:
    """Watch a task until it ends. Ctrl+C stops watching, and the task continues. Exit codes are those of generate."""
    queue = open_queue(Settings())
    if isinstance(queue, CallerQueue) and queue.task(task).status in ("queued", "running"):
        raise InvalidInputError(
            "Kinora is not running, so the task cannot run.", "task", "Start Kinora and watch again."
        )
    reporter = make_reporter(as_json)
    last: Event | None = None
    for events in queue.updates(task):
        for event in events:
            reporter.event(event)
            last = event
    reporter.close()
    if not isinstance(last, FINAL):
        raise InvalidInputError("Kinora stopped; the task is kept.", "task", "Start Kinora and watch again.")
    if isinstance(last, Failed | Cancelled):
        raise typer.Exit(FAILED if isinstance(last, Failed) else CANCELLED)


def cancel(
    tasks: Tasks = None,
    job: OfJob = None,
    queued: Annotated[bool, typer.Option("--queued", help="All queued tasks.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Cancel tasks, a job, or everything queued."""
    queue = open_queue(Settings())
    if queued and not yes:
        count = queue.state().counts.queued
        typer.confirm(f"Cancel {count:,} queued {'task' if count == 1 else 'tasks'}?", abort=True)
    acted = queue.cancel(_selection(tasks, job, "queued" if queued else None))
    pending = f", {acted.pending:,} still stopping" if acted.pending else ""
    terminal.print(f"{acted.changed:,} cancelled{pending}.", highlight=False)


def retry(
    tasks: Tasks = None,
    job: OfJob = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed tasks.")] = False,
    new_seeds: Annotated[
        bool, typer.Option("--new-seeds", help="Draw new seeds instead of using the same ones.")
    ] = False,
) -> None:
    """Queue failed or cancelled tasks again."""
    queue = open_queue(Settings())
    _report(queue.retry(_selection(tasks, job, "failed" if failed else None), new_seeds), "queued again")


def again(
    job: Annotated[int, typer.Argument(help="A job's number.")],
    new_seeds: Annotated[
        bool, typer.Option("--new-seeds", help="Draw new seeds instead of using the same ones.")
    ] = False,
) -> None:
    """Rerun a whole job, as a new one."""
    made = open_queue(Settings()).rerun(job, new_seeds)
    typer.echo(made.id)


def front(tasks: Tasks = None, job: OfJob = None) -> None:
    """Move queued tasks before all others."""
    _report(open_queue(Settings()).move_to_front(_selection(tasks, job, None)), "moved to the front")


def priority(
    value: Annotated[int, typer.Argument(help="-100 to 100; higher runs first.", min=MIN_PRIORITY, max=MAX_PRIORITY)],
    tasks: Tasks = None,
    job: OfJob = None,
) -> None:
    """Give queued tasks another priority."""
    _report(open_queue(Settings()).set_priority(_selection(tasks, job, None), value), f"at priority {value}")


def pause() -> None:
    """Pause the queue: running tasks finish, and no new ones start."""
    open_queue(Settings()).pause(True)
    terminal.print("Paused. `resume` continues.")


def resume() -> None:
    """Continue after a pause."""
    open_queue(Settings()).pause(False)
    terminal.print("Resumed.")


def clean(
    delete: Annotated[bool, typer.Option("--delete", help="Delete the files; without this, only list them.")] = False,
    days: Annotated[float | None, typer.Option(help="Use this instead of the setting keep_inputs_days.", min=0)] = None,
) -> None:
    """Delete kept inputs that no queued or running task needs. Results are never deleted."""
    queue = JobQueue(Settings())
    stale = queue.inputs.stale(days)
    for each in stale:
        typer.echo(f"{each.path} ({each.bytes / 1e6:,.1f} MB, last used {each.days:.0f} days ago)")
    if delete:
        queue.inputs.remove(stale)
    size = f"{len(stale):,} files, {sum(each.bytes for each in stale) / 1e6:,.1f} MB"
    terminal.print(
        f"{size} deleted." if delete else f"{size} would be deleted. `clean --delete` deletes them.", highlight=False
    )


def register(app: typer.Typer) -> None:
    app.command("list")(list_tasks)
    for verb in (show, watch, cancel, retry, again, front, priority, pause, resume, clean):
        app.command()(verb)


def _selection(tasks: list[int] | None, job: int | None, status: Status | None) -> Selection:
    if not tasks and job is None and status is None:
        raise InvalidInputError("Name the tasks: give task numbers, or --job NUMBER.", "tasks")
    return Selection(tasks=tasks or [], jobs=[] if job is None else [job], status=status)


def _report(acted: ActionResult, what: str) -> None:
    terminal.print(f"{acted.changed:,} {what}.", highlight=False)


def _line(row: TaskSummary) -> str:
    words = [f"{row.id:>6}", f"{row.status:<9}", f"{row.mode:<10}", row.label.splitlines()[0][:60] if row.label else ""]
    if row.progress:
        words.append(f"({row.progress.phase}, step {row.progress.step} of {row.progress.steps})")
    if row.error:
        words.append(f"— {row.error}")
    return "  ".join(words)


def _clock(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
