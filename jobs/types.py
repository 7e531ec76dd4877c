"""What the queue accepts and returns: typed, and the same for page, REST and command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from errors import Problem

Status = Literal["running", "failed", "queued", "succeeded", "cancelled"]
STATUSES: tuple[Status, ...] = ("running", "failed", "queued", "succeeded", "cancelled")
"""In the order in which people want to see them: what runs, what needs them, what comes next, what has ended."""

MAX_TASKS = 10_000
"""The largest number of tasks in one job. A person who asks for more has made a mistake in a grid."""

MAX_TRIES = 1000
"""The largest number of generations, each with its own seed, for one entry of a submission."""

MIN_PRIORITY, MAX_PRIORITY = -100, 100

MAX_ID = 2**31 - 1
"""The largest id of a job or task that the database can store."""


Id = Annotated[int, Field(ge=1, le=MAX_ID)]
"""The id of a job or a task."""

Key = Annotated[str, Field(max_length=100)]
"""What a caller chooses so that a request that is sent twice makes only one job."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    A `visitor` sees nothing but their own jobs; "" is the person who runs this Kinora, who sees and may do everything.
    A `client` is the address whose submissions are counted against the rate limit; "" is not counted. With `uploads`,
    the folder of what this caller uploaded, only files in it, in Kinora's own folders and in `allowed_dirs` may be
    named; without it any file may.
    """

    visitor: str = ""
    client: str = ""
    uploads: Path | None = None


OWNER = Caller()
"""The person at this machine."""


class Record(BaseModel):
    """A frozen model that becomes JSON as it is, under the names that programs know."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Batch(Record):
    """Where a job's many tasks come from. Everything given is combined: files x table rows x grid.

    Where several give the same parameter, the later in this order wins: the job's own values, the file's sidecars,
    `overrides`, the table's row, the grid. What the files go into is theirs: neither table nor grid may give it.
    """

    folder: Path | None = Field(
        default=None, description="A folder: every media file in it, in the order of their names"
    )
    files: list[Path] = Field(
        default=[], description="Media files; a .txt beside one is its prompt, a .json its values"
    )
    into: str | None = Field(
        default=None, description="The parameter that takes the files; by default the one that fits them"
    )
    table: Path | None = Field(
        default=None, description="CSV with a header, or JSON lines; columns are the mode's parameters"
    )
    rows: list[dict[str, Any]] = Field(default=[], description="The rows of a table, given inline")
    grid: dict[str, list[Any]] = Field(default={}, description="Every combination of these values, by parameter")
    overrides: dict[str, dict[str, Any]] = Field(
        default={}, description="Values by the name of a file of `folder` or `files`"
    )


class Submission(Record):
    """What a person asks for."""

    mode: str = Field(description="Id of a mode")
    values: dict[str, Any] = Field(default={}, description="The mode's parameters; absent ones take their defaults")
    name: str = Field(
        default="", max_length=200, description="A name for people; by default the prompt or the batch's source"
    )
    priority: int = Field(default=0, ge=MIN_PRIORITY, le=MAX_PRIORITY, description="Higher runs first")
    tries: int = Field(default=1, ge=1, le=MAX_TRIES, description="How many generations of each, with different seeds")
    batch: Batch | None = None
    keep_copies: bool = Field(
        default=True,
        validation_alias=AliasChoices("stage", "keep_copies"),
        serialization_alias="stage",
        description="Keep copies of the inputs, so that the originals may be deleted",
    )
    key: Key | None = Field(default=None, description="The same key again gives the same job, not a second one")


class Plan(Record):
    """What a submission would come to. `seconds` is None without earlier runs to know it from."""

    tasks: int
    problems: list[Problem]
    labels: list[str] = Field(description="Labels of the first tasks")
    seconds: float | None
    disk_bytes: int = Field(description="Estimated size of inputs and results, in bytes")
    disk_free: int
    to_download: list[str] = Field(description="Model files that will be downloaded first")


class Progress(Record):
    """How far a running task has come. `fraction` is of the current phase, 0 to 1 or None; `left` is in seconds."""

    phase: str = Field(validation_alias=AliasChoices("stage", "phase"), serialization_alias="stage")
    index: int
    count: int
    step: int
    steps: int
    fraction: float | None
    left: float | None


class Failure(Record):
    """Why a task failed; as `events.Failed`."""

    kind: str
    message: str
    hint: str = ""
    node: str = ""
    detail: str = ""


class TaskSummary(Record):
    """A task as lists show it. Times are seconds since 1970, `seconds` how long it ran."""

    id: int
    job: int
    job_name: str
    mode: str
    label: str
    status: Status
    priority: int
    seed: str = Field(description="As text: JavaScript's numbers lose digits above 2^53")
    attempts: int
    created: float
    started: float | None
    ended: float | None
    seconds: float | None
    size: str = Field(description="A description of the file")
    outputs: int
    error: str = Field(description="The failure's message, or ''")
    stopping: bool = Field(description="Asked to stop, and still running")
    progress: Progress | None


class Input(Record):
    """A media file of a task. `original` is where it was when it was submitted."""

    parameter: str
    widget: str
    original: str
    url: str


class OutputFile(Record):
    name: str
    path: str
    url: str
    bytes: int | None = Field(description="None where the file is gone")


class PhaseTime(Record):
    """`seconds` is None for a phase that has not run, or came from the engine's cache."""

    label: str
    seconds: float | None


class LogLine(Record):
    time: float
    text: str


class TaskDetail(TaskSummary):
    """All there is to know of a task."""

    values: dict[str, Any]
    announced: dict[str, Any] = Field(
        description="Of the file: width, height, frames (null where only the run will tell), fps, sound, notes"
    )
    inputs: list[Input]
    phases: list[PhaseTime] = Field(validation_alias=AliasChoices("stages", "phases"), serialization_alias="stages")
    outputs_list: list[OutputFile]
    failure: Failure | None
    graph: dict[str, Any]
    log: list[LogLine]


class Counts(Record):
    """How many tasks there are, by status."""

    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0


class TaskPage(Record):
    """A part of a list. `next` is the cursor of the following part, None at the end; `total` counts all of them."""

    tasks: list[TaskSummary]
    total: int
    next: str | None


class JobSummary(Record):
    """A job as lists show it."""

    id: int
    name: str
    mode: str
    priority: int
    tries: int
    created: float
    counts: Counts
    status: Status | Literal["mixed"]


class JobPage(Record):
    jobs: list[JobSummary]
    next: str | None


class EngineSummary(Record):
    """An engine: state, device, and the task that it runs."""

    name: str
    state: str
    device: str
    task: int | None
    error: str


class QueueState(Record):
    """The queue as a whole. `held` says why no task starts although the queue is not paused (such as a full
    disk), or is ''."""

    paused: bool
    blocked_reason: str = Field(validation_alias=AliasChoices("held", "blocked_reason"), serialization_alias="held")
    counts: Counts
    engines: list[EngineSummary]
    on_demand: bool = Field(
        validation_alias=AliasChoices("attended", "on_demand"),
        serialization_alias="attended",
        description="A task runs only while somebody watches it, whose GPU time it uses: on ZeroGPU",
    )
    seconds_left: float | None = Field(description="Estimate until all tasks are done; None without earlier runs")


class Selection(Record):
    """Which tasks an action is for: these tasks, all of these jobs, and all tasks with this status."""

    tasks: list[Id] = Field(default=[], max_length=MAX_TASKS)
    jobs: list[Id] = Field(default=[], max_length=MAX_TASKS)
    status: Status | None = None


class ActionResult(Record):
    """How many tasks an action changed. `pending` are running ones that were asked to stop and have not stopped yet."""

    changed: int
    pending: int = 0
