"""An engine in a process of its own: started, watched, cancelled, started again.

The page's process stays small and quick, and survives whatever happens to the engine. `backend/graph_server.py` is the
other end of the pipe.
"""

import threading
import time
from collections.abc import Collection, Generator, Iterator

from backend.child_process import ChildProcess
from backend.contract import EngineState, StateName
from events import FINAL, Cancelled, Event, Failed
from settings import Settings
from workflow import Graph, Phases

MAX_FAILED_STARTS = 2  # in a row; then the state is "failed" until `start` is called again
RESTART_DELAYS = (0.0, 1.0, 2.0, 4.0)
"""Seconds to wait after the first, second … death in a row. After one more death the state is "failed"."""
STABLE_AFTER = 60.0  # seconds that an engine has to be up for the deaths before it to be forgotten
START_TIMEOUT = 300.0  # seconds; a cold disk reads torch's 5 GB slowly

ENGINE = "backend.comfy"  # the module that is run as an engine's process
# An engine does not need these: it neither serves, nor downloads, nor keeps the queue.
SECRETS = ("KINORA_PASSWORD", "KINORA_DATABASE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY")


class EngineProcess:
    """Runs one graph at a time in a child process. The methods may be called from any thread."""

    def __init__(
        self, settings: Settings, name: str = "engine", program: str = ENGINE, keeps_secrets: bool = False
    ) -> None:
        """`name` is that of its log file; `program` is the module that is run as the process and calls `serve`.

        The process gets the environment without SECRETS, unless it `keeps_secrets`: the cluster's bridge moves files
        for the app and needs its keys.
        """
        self.settings = settings
        self._name = name
        self.program = program
        self._hidden = () if keeps_secrets else SECRETS
        self._changed = threading.Condition()
        self._state = EngineState("stopped")
        self._child: ChildProcess | None = None
        self._failed_starts = 0
        self._deaths = 0  # in a row: none of these engines finished a run or was up for STABLE_AFTER
        self._stopping = False
        self._one_run = threading.Lock()

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def pid(self) -> int | None:
        """The engine's process id, while there is one."""
        child = self._child
        return child.process.pid if child else None

    def start(self) -> None:
        """Starts the engine in the background; does nothing if it is starting, waiting to be restarted, or up.

        An engine that was given up because it died again and again gets one more try.
        """
        with self._changed:
            if self._stopping or self._state.name not in ("stopped", "failed"):
                return
            self._failed_starts = 0
            self._spawn("starting")

    def stop(self) -> None:
        """Ends the engine and everything it does."""
        with self._changed:
            self._stopping = True
            child, self._child = self._child, None
            self._set(EngineState("stopped"))
        if child:
            child.stop()

    def run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str] = ()
    ) -> Generator[Event, None, None]:
        """Executes the graph, after the engine's start if need be; ends with Output, Failed or Cancelled.

        What the nodes `forget` made does not stay in memory for the next run. Setting `cancelled` stops it: softly at
        once, by ending the process where it does not answer in time.
        """
        with self._one_run:
            yield from self._run(graph, phases, cancelled, forget)

    def _run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str]
    ) -> Iterator[Event]:
        child = self._wait_until_ready(cancelled)
        if isinstance(child, (Failed, Cancelled)):
            yield child
            return
        asked_to_stop: float | None = None
        finished = False
        try:
            child.send(("run", graph, dict(phases), list(forget)))
            self._set(EngineState("busy", self._state.info))
            while not finished:
                if cancelled.is_set() and asked_to_stop is None:
                    asked_to_stop = time.monotonic()
                    child.send(("cancel",))
                event = child.receive(timeout=0.05)
                if event is None:
                    if asked_to_stop and time.monotonic() - asked_to_stop > self.settings.cancel_timeout:
                        child.stop()
                        finished = True
                        yield Cancelled()
                    continue
                finished = isinstance(event, FINAL)
                if isinstance(event, Failed) and event.kind == "engine_died":
                    child.kill()  # the remote actor behind this bridge is gone; another bridge starts
                if finished and child.alive:
                    self._deaths = 0
                    self._set(EngineState("ready", self._state.info))
                yield event
        finally:
            if not finished:  # the reader of the events stopped reading
                child.send(("cancel",))
                child.drain(self.settings.cancel_timeout)
                self._set(EngineState("ready", self._state.info))

    def _wait_until_ready(self, cancelled: threading.Event) -> ChildProcess | Failed | Cancelled:
        self.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not cancelled.is_set():
            with self._changed:
                if self._state.name == "ready" and self._child is not None:
                    return self._child
                if self._state.name == "failed" and self._state.error:
                    return self._state.error
                if self._stopping:
                    return Failed("engine_died", "Kinora is shutting down.")
                self._changed.wait(0.1)
            if time.monotonic() > deadline:
                return Failed("timeout", "The engine did not start in time.", f"See {self._log_hint()}.")
        return Cancelled()

    def _spawn(self, name: StateName) -> None:
        self._child = child = ChildProcess(self.settings, self._name, self.program, self._hidden)
        self._set(EngineState(name))
        threading.Thread(target=self._watch, args=(child,), name="engine-watch", daemon=True).start()

    def _watch(self, child: ChildProcess) -> None:
        """Waits until the child is up, then for its end, and starts the next one."""
        info = child.wait_until_up(START_TIMEOUT)
        came_up = time.monotonic()
        if info is not None:
            with self._changed:
                if self._child is child:
                    self._failed_starts = 0
                    self._set(EngineState("ready", info))
            child.wait_for_end()
        with self._changed:
            if self._child is not child or self._stopping:
                return
            self._child = None
            if info is None:
                self._failed_starts += 1
            elif not child.was_stopped:
                self._deaths = 1 if time.monotonic() - came_up >= STABLE_AFTER else self._deaths + 1
            if self._failed_starts >= MAX_FAILED_STARTS or self._deaths > len(RESTART_DELAYS):
                self._set(EngineState("failed", error=self._why_given_up(child)))
                return
            self._set(EngineState("restarting"))
            if info is not None and not child.was_stopped:
                self._changed.wait_for(lambda: self._stopping, RESTART_DELAYS[self._deaths - 1])
            if not self._stopping:
                self._spawn("restarting")

    def _why_given_up(self, child: ChildProcess) -> Failed:
        hint = f"See {self._log_hint()} or run `python cli.py doctor`."
        what = "The engine could not start."
        if not self._failed_starts:
            how = f"(the last time with {child.how_it_ended})"
            what = f"The engine crashed {self._deaths} times in a row shortly after starting {how}."
        return child.start_error or Failed("engine_died", what, hint, detail=child.log_tail)

    def _set(self, state: EngineState) -> None:
        with self._changed:
            if state.name in ("ready", "busy") and (self._child is None or not self._child.alive):
                return
            self._state = state
            self._changed.notify_all()

    def _log_hint(self) -> str:
        return str(self.settings.logs_dir / f"{self._name}.log")
