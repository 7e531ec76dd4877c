"""An engine on a machine of the cluster: what the actor there does."""

import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.process import EngineProcess
from backend.ray.exchange import INPUTS, RESULTS, Exchange
from errors import KinoraError
from events import Cancelled, Event, Failed, Output
from models import Models
from settings import Settings
from workflow import Graph, Phases

KEEP_INPUTS = 24 * 3600.0  # seconds after the last use of an input that was fetched
POLL = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What the app decides for all machines; the rest is each one's own settings."""

    home: Path
    demo: bool
    exchange: str | None
    cancel_timeout: float


class NodeEngine:
    """Keeps an engine's process. One thread calls `run`, another one `cancel` meanwhile."""

    def __init__(self, wishes: NodeConfig) -> None:
        """Starts the engine in the background."""
        demo = "always" if wishes.demo else "never"
        settings = Settings().model_copy(update={"demo": demo, "cancel_timeout": wishes.cancel_timeout})
        self._exchange = Exchange(wishes.exchange) if wishes.exchange else None
        if not self._exchange:
            settings = settings.model_copy(update={"home": wishes.home})
        self._settings = settings
        self._models = Models(settings)
        self._cancelled: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        which = os.environ.get("CUDA_VISIBLE_DEVICES") or os.getpid()  # Ray sets it to the GPU of this actor
        self._engine = EngineProcess(settings, f"engine-{socket.gethostname()}-{which}")

    def describe(self) -> dict[str, Any] | Failed:
        """As `Engine.describe`, once the engine is up, with the machine's name; or why it cannot start."""
        home = self._settings.home
        if not self._exchange and not (home / "kinora.lock").is_file():
            text = f"{socket.gethostname()} does not see the folder {home} of this Kinora."
            return Failed("engine_died", text, "Share it there under the same path, or set KINORA_EXCHANGE.")
        self._engine.start()
        while (state := self._engine.state).name not in ("ready", "failed"):
            time.sleep(POLL)
        if state.error:
            where = f"On {socket.gethostname()}: {state.error.message}"
            return replace(state.error, message=where)
        return state.info | {"machine": socket.gethostname()}

    def run(
        self, run: str, graph: Graph, phases: Phases, forget: Collection[str], inputs: Sequence[str]
    ) -> Iterator[Event]:
        """As `EngineProcess.run`, of the run named `run`; the files of an Output are relative to the outputs folder.

        `inputs` are names of files in the inputs folder that the graph reads.
        """
        cancelled = self._cancelled[run]
        try:
            if self._exchange:
                self._remove_old_inputs()
                self._exchange.get(INPUTS, self._settings.inputs_dir, inputs)
                if not self._settings.use_demo:
                    yield from self._models.ensure(graph, cancelled)
            if cancelled.is_set():
                yield Cancelled()
                return
            for event in self._engine.run(graph, phases, cancelled, forget):
                yield self._handed_over(event) if isinstance(event, Output) else event
        except KinoraError as error:
            yield replace(Failed.of(error), message=f"On {socket.gethostname()}: {error.message}")
        finally:
            del self._cancelled[run]

    def cancel(self, run: str) -> None:
        """Stops the run of that name, also when it has not begun yet."""
        self._cancelled[run].set()

    def _handed_over(self, output: Output) -> Output:
        folder = self._settings.outputs_dir
        names = [file.relative_to(folder).as_posix() for file in output.files]
        if self._exchange:
            self._exchange.put(RESULTS, folder, names)
            for file in output.files:
                file.unlink()
        return replace(output, files=tuple(map(Path, names)))

    def _remove_old_inputs(self) -> None:
        """The files can be fetched again; those that a Kinora of this machine wrote itself, it writes again."""
        old = time.time() - KEEP_INPUTS
        for file in self._settings.inputs_dir.glob("*"):
            if file.is_file() and file.stat().st_mtime < old:
                file.unlink(missing_ok=True)
