"""The actor on a machine of the cluster: it keeps an engine process there."""

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
    """The settings that the app decides for all machines. Each machine has its own settings for the rest."""

    home: Path
    demo: bool
    exchange: str | None
    cancel_timeout: float


class NodeEngine:
    """Keeps an engine process. One thread calls `run`; another may call `cancel` meanwhile."""

    def __init__(self, config: NodeConfig) -> None:
        """Starts the engine in the background."""
        demo = "always" if config.demo else "never"
        settings = Settings().model_copy(update={"demo": demo, "cancel_timeout": config.cancel_timeout})
        self._exchange = Exchange(config.exchange) if config.exchange else None
        if not self._exchange:
            settings = settings.model_copy(update={"home": config.home})
        self._settings = settings
        self._models = Models(settings)
        self._cancelled: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        which = os.environ.get("CUDA_VISIBLE_DEVICES") or os.getpid()  # Ray sets it to the GPU of this actor
        self._engine = EngineProcess(settings, f"engine-{socket.gethostname()}-{which}")

    def describe(self) -> dict[str, Any] | Failed:
        """Waits until the engine is up. Returns its description with the machine's name, or why it cannot start."""
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
        """Runs a graph as `EngineProcess.run` does. The files of its Output are relative to the outputs folder.

        `run` names the run, for `cancel`; `inputs` names the files in the inputs folder that the graph reads.
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
                yield self._hand_over(event) if isinstance(event, Output) else event
        except KinoraError as error:
            yield replace(Failed.of(error), message=f"On {socket.gethostname()}: {error.message}")
        finally:
            del self._cancelled[run]

    def cancel(self, run: str) -> None:
        """Stops the run of that name, even if it has not begun yet."""
        self._cancelled[run].set()

    def _hand_over(self, output: Output) -> Output:
        folder = self._settings.outputs_dir
        names = [file.relative_to(folder).as_posix() for file in output.files]
        if self._exchange:
            self._exchange.put(RESULTS, folder, names)
            for file in output.files:
                file.unlink()
        return replace(output, files=tuple(map(Path, names)))

    def _remove_old_inputs(self) -> None:
        """Removes inputs that were last used KEEP_INPUTS ago: they can be fetched, or prepared, again."""
        old = time.time() - KEEP_INPUTS
        for file in self._settings.inputs_dir.glob("*"):
            if file.is_file() and file.stat().st_mtime < old:
                file.unlink(missing_ok=True)
