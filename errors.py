"""Errors that people see. Each says what happened, what to do about it, and which kind of error it is."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

FailureKind = Literal[
    "invalid",
    "missing_model",
    "download",
    "out_of_memory",
    "timeout",
    "interrupted",
    "quota",
    "engine_died",
    "node_error",
    "disk_full",
    "storage",
]


class KinoraError(Exception):
    """An error that a person has to know about.

    `message` says what happened, and `hint` what to do next. `detail` has technical details, such as a traceback or a
    server's answer, for the folded part of an error card.
    """

    kind: FailureKind = "node_error"

    def __init__(self, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    @property
    def words(self) -> str:
        """What happened and what to do, in one line."""
        return f"{self.message} {self.hint}".strip()


class InvalidInputError(KinoraError):
    """A value that cannot be used. `field` is the parameter's name, "" where no single field is at fault."""

    kind: FailureKind = "invalid"

    def __init__(self, message: str, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class MissingModelError(KinoraError):
    """A model file that a graph names is not here, and Kinora does not know where to get it."""

    kind: FailureKind = "missing_model"


class DownloadError(KinoraError):
    """A model file could not be downloaded, or the download was not the file that was expected."""

    kind: FailureKind = "download"


class CancelledError(KinoraError):
    """The work stopped because a person cancelled it."""

    kind: FailureKind = "interrupted"


class EngineStartError(KinoraError):
    """The engine cannot start on this machine as it is."""

    kind: FailureKind = "engine_died"


class ClusterError(KinoraError):
    """The Ray cluster, or a machine of it, cannot be used."""

    kind: FailureKind = "engine_died"


class ExchangeError(KinoraError):
    """A file could not be transferred to or from the store that the machines of a cluster share."""

    kind: FailureKind = "storage"


class StorageError(KinoraError):
    """The queue's database, or a disk that it needs, cannot be used at the moment."""

    kind: FailureKind = "storage"


class NotFoundError(InvalidInputError):
    """There is no such job, task or file, or it no longer exists."""


class ForbiddenError(InvalidInputError):
    """The caller may not do this, or may not name this path over the network."""


class LimitError(InvalidInputError):
    """A caller has reached a limit. `seconds` says when to try again; 0 means that it is not known."""

    def __init__(self, message: str, hint: str = "", seconds: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds


class RateLimitError(LimitError):
    """A client does something too often. `what` is a plural noun, such as "uploads"."""

    def __init__(self, what: str, seconds: float) -> None:
        wait = math.ceil(seconds)
        hint = f"Try again in {wait} {'second' if wait == 1 else 'seconds'}."
        super().__init__(f"Too many {what} in a short time.", hint, seconds)


class BusyError(KinoraError):
    """Another Kinora uses the same home folder."""


class Problem(BaseModel):
    """One reason why a part of a batch cannot run. `where` is a file's name, "clips.csv line 7" or ""."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: str
    field: str
    message: str


class BatchError(KinoraError):
    """Parts of a batch cannot run; `problems` names each, `good` counts the entries that can."""

    kind: FailureKind = "invalid"

    def __init__(self, problems: list[Problem], good: int) -> None:
        first = problems[0]
        count = "One entry" if len(problems) == 1 else f"{len(problems):,} entries"
        where = f"{first.where}: " if first.where else ""
        super().__init__(
            f"{count} of this batch cannot run. {where}{first.message}",
            f"Correct these entries, or submit only the {good:,} good ones." if good else "Correct these entries.",
        )
        self.problems = problems
        self.good = good
