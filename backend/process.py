"""An engine in a process of its own: started, watched, cancelled, started again.

The page's process stays small and quick, and survives whatever happens to the engine. `backend/child.py` is the other
end of the pipe.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from multiprocessing.connection import Client, Connection, Listener
from queue import Empty, SimpleQueue
from typing import Any

from backend.contract import EngineState, StateName
from events import FINAL, Cancelled, Event, Failed
from settings import PROJECT, Settings
from workflow import Graph, Phases

MAX_FAILED_STARTS = 2  # in a row; then the state is "failed" until somebody wants to run something
LOG_TAIL = 40  # lines of the engine's log that a failure shows
START_TIMEOUT = 300.0  # seconds; a cold disk reads torch's 5 GB slowly

ENGINE = "backend.comfy"  # the module that is run as an engine's process
# What an engine has no use for: it neither serves, downloads nor keeps the queue.
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
        self._settings = settings
        self._name = name
        self._program = program
        self._hidden = () if keeps_secrets else SECRETS
        self._changed = threading.Condition()
        self._state = EngineState("stopped")
        self._child: _Child | None = None
        self._failed_starts = 0
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
        """Starts the engine in the background; does nothing when it is on its way or up."""
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
            child.kill()

    def run(
        self, graph: Graph, phases: Phases, cancelled: threading.Event, forget: Collection[str] = ()
    ) -> Iterator[Event]:
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
                    if asked_to_stop and time.monotonic() - asked_to_stop > self._settings.cancel_timeout:
                        child.kill()
                        finished = True
                        yield Cancelled()
                    continue
                finished = isinstance(event, FINAL)
                if isinstance(event, Failed) and event.kind == "engine_died":
                    child.kill()  # what it speaks for is gone; the next one starts
                if finished and child.alive:
                    self._set(EngineState("ready", self._state.info))
                yield event
        finally:
            if not finished:  # whoever read the events went away
                child.send(("cancel",))
                _drain(child, self._settings.cancel_timeout)
                self._set(EngineState("ready", self._state.info))

    def _wait_until_ready(self, cancelled: threading.Event) -> "_Child | Failed | Cancelled":
        self.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not cancelled.is_set():
            with self._changed:
                if self._state.name == "ready" and self._child is not None:
                    return self._child
                if self._state.name == "failed" and self._state.error:
                    return self._state.error
                if self._stopping:
                    return Failed("engine_died", "Kinora is shutting down.", "Start it and generate again.")
                self._changed.wait(0.1)
            if time.monotonic() > deadline:
                return Failed("timeout", "The engine did not start in time.", f"See {self._log_hint()}.")
        return Cancelled()

    def _spawn(self, name: StateName) -> None:
        self._child = child = _Child(self._settings, self._name, self._program, self._hidden)
        self._set(EngineState(name))
        threading.Thread(target=self._watch, args=(child,), name="engine-watch", daemon=True).start()

    def _watch(self, child: "_Child") -> None:
        """Waits for the child to come up, then for its end, and starts the next one."""
        info = child.wait_until_up(START_TIMEOUT)
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
            if self._failed_starts >= MAX_FAILED_STARTS:
                hint = f"See {self._log_hint()} or run `python cli.py doctor`."
                failed = Failed("engine_died", "The engine could not start.", hint, detail=child.log_tail)
                self._set(EngineState("failed", error=child.refusal or failed))
            else:
                self._spawn("restarting")

    def _set(self, state: EngineState) -> None:
        with self._changed:
            if state.name in ("ready", "busy") and (self._child is None or not self._child.alive):
                return
            self._state = state
            self._changed.notify_all()

    def _log_hint(self) -> str:
        return str(self._settings.logs_dir / f"{self._name}.log")


def _drain(child: "_Child", timeout: float) -> None:
    """Reads what the abandoned run still sends, so that the next run does not get it."""
    deadline = time.monotonic() + timeout
    while child.alive and time.monotonic() < deadline:
        if isinstance(child.receive(timeout=0.1), FINAL):
            return
    child.kill()


class _Child:
    """One engine process and the pipe to it."""

    def __init__(self, settings: Settings, name: str, program: str, hidden: Collection[str]) -> None:
        settings.logs_dir.mkdir(parents=True, exist_ok=True)
        self._log = settings.logs_dir / f"{name}.log"
        if self._log.exists():
            self._log.replace(settings.logs_dir / f"{name}.previous.log")
        self._key = secrets.token_bytes(32)
        self._listener = Listener(authkey=self._key)
        self._connection: Connection | None = None
        self._sending = threading.Lock()
        self._inbox: SimpleQueue[Event] = SimpleQueue()
        self._ended = threading.Event()
        self.log_tail = ""
        self.refusal: Failed | None = None  # why it could not start, where it said so
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=os.name != "nt",  # Ctrl+C is for the page's process, which then ends this one
            )
        boot = {
            "address": self._listener.address,
            "key": self._key.hex(),
            "settings": settings.model_dump(mode="json", exclude={"user", "password", "database"}),
        }
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended at once; wait_until_up tells
            self.process.stdin.write(json.dumps(boot).encode())
            self.process.stdin.close()
        threading.Thread(target=self._await_exit, name="engine-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def wait_until_up(self, timeout: float) -> dict[str, Any] | None:
        """The engine's description, None where it ended or did not answer."""
        with contextlib.suppress(OSError, EOFError):  # the process ended; its log says why
            self._connection = self._listener.accept()
            if self._connection.poll(timeout):
                info = self._connection.recv()
                if not isinstance(info, Failed):
                    threading.Thread(target=self._receive_all, name="engine-events", daemon=True).start()
                    return info
                self.refusal = info
        self.kill()
        return None

    def send(self, message: tuple[Any, ...]) -> None:
        """Does nothing where the process has ended: `receive` tells."""
        with self._sending, contextlib.suppress(OSError):
            assert self._connection is not None
            self._connection.send(message)

    def receive(self, timeout: float) -> Event | None:
        """The next event, None where none came in time; a Failed of kind engine_died once there will be none."""
        try:
            return self._inbox.get(timeout=timeout)
        except Empty:
            return None if self.alive else self._exit_failure()

    def kill(self) -> None:
        self.process.kill()
        self._ended.wait(10)

    def wait_for_end(self) -> None:
        self._ended.wait()

    def _receive_all(self) -> None:
        assert self._connection is not None
        try:
            while True:
                self._inbox.put(self._connection.recv())
        except (OSError, EOFError):
            self.process.kill()  # without its pipe it is of no use

    def _await_exit(self) -> None:
        self.process.wait()
        if self._connection is None:  # wake up accept(), which waits for a process that is gone
            with contextlib.suppress(OSError, EOFError):
                Client(self._listener.address, authkey=self._key).close()
        self._listener.close()
        self.log_tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
        self._ended.set()

    def _exit_failure(self) -> Failed:
        code = self.process.returncode
        how, hint = f"exit code {code}", "It starts again by itself; generate again."
        if code < 0:  # POSIX: ended by a signal
            how = signal.Signals(-code).name
            if how == "SIGKILL":
                hint += " Where nobody ended it, memory ran out: choose a smaller size or fewer seconds."
        return Failed("engine_died", f"The engine stopped unexpectedly ({how}).", hint, detail=self.log_tail)
