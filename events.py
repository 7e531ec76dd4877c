"""The events of a generation: small, frozen messages that can be pickled.

They travel from the engine's process to those who watch it: page, command line and REST.
"""

from dataclasses import dataclass
from pathlib import Path

from errors import FailureKind, KinoraError


@dataclass(frozen=True, slots=True)
class Queued:
    """The run waits for its turn behind `ahead` others; 0 while only the engine is not ready yet."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Download:
    """A model file is being downloaded. `done` and `total` are in bytes, `speed` in bytes per second."""

    file: str
    done: int
    total: int
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class Phase:
    """What runs now. `index` counts from 0 among `count` phases; `step` of `steps` is 0 of 0 where unknown."""

    index: int
    count: int
    label: str
    step: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """A small image of the unfinished result, as JPEG."""

    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know although the run continues: for example, a LoRA that fits no layer."""

    message: str


@dataclass(frozen=True, slots=True)
class Output:
    """The end of a run that succeeded.

    `files` are those that this run wrote, absolute. `executed` are the ids of the nodes that really ran, the
    rest came from the engine's cache. `seconds` is the time the run took in the engine.
    """

    files: tuple[Path, ...]
    executed: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a run that failed. `node` is the word id of the node at fault, "" where there is none."""

    kind: FailureKind
    message: str
    hint: str = ""
    node: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """What happened and what to do, in one line."""
        return f"{self.message} {self.hint}".strip()

    @classmethod
    def of(cls, error: KinoraError) -> "Failed":
        return cls(error.kind, error.message, error.hint, detail=error.detail)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The end of a run that a person stopped."""


Event = Queued | Download | Phase | Preview | Notice | Output | Failed | Cancelled
FINAL = (Output, Failed, Cancelled)

EVENT_NAMES: dict[type[Event], str] = {
    Queued: "queued",
    Download: "download",
    Phase: "stage",  # its name since the first version of the API
    Preview: "preview",
    Notice: "notice",
    Output: "output",
    Failed: "failed",
    Cancelled: "cancelled",
}
"""The names under which programs get events, over REST and on the command line."""
