"""What every engine offers, wherever it runs, and the states of an engine process."""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from events import Event, Failed
from workflow import Graph, Phases

StateName = Literal["stopped", "starting", "ready", "busy", "restarting", "failed"]


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the engine does now.

    `info` is what `GraphEngine.describe` returned once the engine was up; `error` says why it failed.
    """

    name: StateName
    info: dict[str, Any] = field(default_factory=dict)
    error: Failed | None = None


class GraphEngine(Protocol):
    """What an engine process serves: ComfyUI on this machine (`backend.comfy.engine.Engine`), or a remote engine."""

    def describe(self) -> dict[str, Any]: ...

    def run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str]
    ) -> Iterator[Event]: ...

    def interrupt(self) -> None: ...

    def collect_garbage(self) -> None: ...


class WorkerEngine(Protocol):
    """What a worker has its tasks run by: an engine process (`EngineProcess`), or a visitor's GPU time (`ZeroGpu`)."""

    @property
    def pid(self) -> int | None: ...

    @property
    def state(self) -> EngineState: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str] = ()
    ) -> Iterator[Event]: ...
