"""Passes graphs to an actor on a machine of the cluster, and its events back: python -m backend.ray.bridge

`backend.process.EngineProcess` runs it in place of an engine. It ends when the actor or its machine does.
"""

import threading
import uuid
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from backend.graph_server import serve
from backend.ray.connection import connect, gpus
from backend.ray.exchange import INPUTS, RESULTS, Exchange
from backend.ray.node import NodeConfig, NodeEngine
from errors import ClusterError, ExchangeError
from events import Cancelled, Event, Failed, Output
from settings import Settings
from workflow import Graph, Phases

PLACEMENT_TIMEOUT = 60.0  # seconds to wait for a machine with a free GPU or core


class RemoteEngine:
    """An engine on another machine: on a GPU of the cluster, or on a core if the cluster has no GPU."""

    def __init__(self, settings: Settings) -> None:
        """Raises ClusterError if no machine has room, or if the engine does not start."""
        assert settings.ray
        connect(settings.ray)
        self._settings = settings
        self._exchange = Exchange(settings.exchange) if settings.exchange else None
        self._run = ""
        config = NodeConfig(
            home=settings.home,
            demo=settings.use_demo,
            exchange=settings.exchange,
            cancel_timeout=settings.cancel_timeout,
        )
        needs, words = ({"num_gpus": 1}, "free GPU") if gpus() else ({"num_cpus": 1}, "free core")
        actor = ray.remote(NodeEngine).options(**needs, max_concurrency=2)
        try:
            self._actor: Any = actor.remote(config)  # Ray makes its methods from those of NodeEngine
            ray.get(self._actor.__ray_ready__.remote(), timeout=PLACEMENT_TIMEOUT)
            info: Any = ray.get(self._actor.describe.remote())
        except GetTimeoutError:
            text = f"No machine of the Ray cluster has a {words}."
            raise ClusterError(text, "Work resumes by itself as soon as one is free.") from None
        except RayError as error:
            hint = "The same version of Kinora must be installed there; see docs/scaling.md."
            raise ClusterError("A machine of the cluster could not start its engine.", hint, str(error)) from error
        if isinstance(info, Failed):
            raise ClusterError(info.message, info.hint, info.detail)
        self._info: dict[str, Any] = info

    def describe(self) -> dict[str, Any]:
        """Returns the remote engine's description, with the machine after the device's name."""
        return self._info | {"device": f"{self._info['device']} on {self._info['machine']}"}

    def run(self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str]) -> Iterator[Event]:
        """Runs the graph as `Engine.run` does; ends with a Failed of the kind engine_died if the machine is lost."""
        self._run = run = uuid.uuid4().hex
        try:
            if cancelled.is_set():
                yield Cancelled()
                return
            inputs = self._named_by(graph)
            if self._exchange:
                self._exchange.put(INPUTS, self._settings.inputs_dir, inputs)
            events = self._actor.run.options(num_returns="streaming").remote(run, graph, phases, forget, inputs)
            for reference in events:
                event: Any = ray.get(reference)
                yield self._received(event) if isinstance(event, Output) else event
        except ExchangeError as error:
            yield Failed.of(error)
        except RayError as error:
            text = f"The machine {self._info['machine']} was lost while this ran."
            yield Failed("engine_died", text, "Try again: another machine takes its place.", detail=str(error))
        finally:
            self._run = ""

    def interrupt(self) -> None:
        """Stops the run. Its `cancelled` has to be set before."""
        if run := self._run:
            self._actor.cancel.remote(run)

    def collect_garbage(self) -> None:
        """Only checks that the actor lives: it collects by itself. Raises RayError, which ends this process."""
        ray.get(self._actor.__ray_ready__.remote())

    def _named_by(self, graph: Graph) -> list[str]:
        """Returns the names of the prepared inputs that a graph reads."""
        folder = self._settings.inputs_dir
        prepared = {file.name for file in folder.glob("*") if file.is_file()}
        values = (value for node in graph.values() for value in node["inputs"].values() if isinstance(value, str))
        return sorted(prepared.intersection(values))

    def _received(self, output: Output) -> Output | Failed:
        """Returns the result with its files in this machine's outputs folder, or why they are not there."""
        folder = self._settings.outputs_dir
        if self._exchange:
            names = [file.as_posix() for file in output.files]
            self._exchange.get(RESULTS, folder, names)
            self._exchange.remove(RESULTS, names)
        files = tuple(folder / file for file in output.files)
        if missing := [str(file) for file in files if not file.is_file()]:
            text = f"{self._info['machine']} wrote {missing[0]}, but the file has not arrived here."
            return Failed("storage", text, "Share Kinora's folder with that machine, or set KINORA_EXCHANGE.")
        return replace(output, files=files)


if __name__ == "__main__":
    serve(RemoteEngine)
