"""Passes graphs to an actor on a machine of the cluster and its events back: python -m backend.ray.bridge

It stands where an engine's process would (`worker.EngineProcess`), and ends when the actor or its machine does.
"""

import threading
import uuid
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from backend.child import serve
from backend.ray.connection import connect, gpus
from backend.ray.exchange import INPUTS, RESULTS, Exchange
from backend.ray.node import NodeConfig, NodeEngine
from errors import ClusterError, ExchangeError
from events import Cancelled, Event, Failed, Output
from settings import Settings
from workflow import Graph, Phases

ROOM = 60.0  # seconds to wait for a machine with room


class RemoteEngine:
    """As `backend.engine.Engine`, elsewhere: on a GPU of the cluster, or on a core where it has no GPU."""

    def __init__(self, settings: Settings) -> None:
        """Raises ClusterError where no machine has room, or its engine does not start."""
        assert settings.ray
        connect(settings.ray)
        self._settings = settings
        self._exchange = Exchange(settings.exchange) if settings.exchange else None
        self._run = ""
        wishes = NodeConfig(
            home=settings.home,
            demo=settings.use_demo,
            exchange=settings.exchange,
            cancel_timeout=settings.cancel_timeout,
        )
        needs, words = ({"num_gpus": 1}, "free GPU") if gpus() else ({"num_cpus": 1}, "free core")
        actor = ray.remote(NodeEngine).options(**needs, max_concurrency=2)
        try:
            self._actor: Any = actor.remote(wishes)  # Ray makes its methods from those of NodeEngine
            ray.get(self._actor.__ray_ready__.remote(), timeout=ROOM)
            info: Any = ray.get(self._actor.describe.remote())
        except GetTimeoutError:
            text = f"No machine of the Ray cluster has a {words}."
            raise ClusterError(text, "Work goes on here by itself when one has.") from None
        except RayError as error:
            hint = "Kinora must be set up there in the same version; see docs/scaling.md."
            raise ClusterError("A machine of the cluster could not start its engine.", hint, str(error)) from error
        if isinstance(info, Failed):
            raise ClusterError(info.message, info.hint, info.detail)
        self._info: dict[str, Any] = info

    def describe(self) -> dict[str, Any]:
        """As the engine's own, with the machine behind the device's name."""
        return self._info | {"device": f"{self._info['device']} on {self._info['machine']}"}

    def run(self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str]) -> Iterator[Event]:
        """As `Engine.run`; ends with a Failed of the kind engine_died where the machine is lost."""
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
            yield Failed("engine_died", text, "Another takes its place by itself; generate again.", detail=str(error))
        finally:
            self._run = ""

    def interrupt(self) -> None:
        """Stops the run, whose `cancelled` has been set before."""
        if run := self._run:
            self._actor.cancel.remote(run)

    def collect_garbage(self) -> None:
        """The machine's own process does that. Raises RayError, which ends this one, where the actor is gone."""
        ray.get(self._actor.__ray_ready__.remote())

    def _named_by(self, graph: Graph) -> list[str]:
        """The prepared inputs that a graph names."""
        folder = self._settings.inputs_dir
        prepared = {file.name for file in folder.glob("*") if file.is_file()}
        values = (value for node in graph.values() for value in node["inputs"].values() if isinstance(value, str))
        return sorted(prepared.intersection(values))

    def _received(self, output: Output) -> Output | Failed:
        """The result with its files in this machine's outputs folder."""
        folder = self._settings.outputs_dir
        if self._exchange:
            names = [file.as_posix() for file in output.files]
            self._exchange.get(RESULTS, folder, names)
            self._exchange.remove(RESULTS, names)
        files = tuple(folder / file for file in output.files)
        if missing := [str(file) for file in files if not file.is_file()]:
            text = f"{self._info['machine']} has written {missing[0]}, which is not here."
            return Failed("storage", text, "Share Kinora's folder with that machine, or set KINORA_EXCHANGE.")
        return replace(output, files=files)


if __name__ == "__main__":
    serve(RemoteEngine)
