"""The page's side of an engine process: the process itself, its log, and the pipe to `backend/graph_server.py`."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from multiprocessing.connection import Client, Connection, Listener
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from events import FINAL, Event, Failed
from settings import PROJECT, Settings

if TYPE_CHECKING:
    from multiprocessing.connection import PipeConnection  # only Windows has it

LOG_TAIL = 40  # lines of the engine's log that a failure shows


class ChildProcess:
    """One engine process, from its start to its end."""

    def __init__(self, settings: Settings, name: str, program: str, hidden: Collection[str]) -> None:
        """Starts the module `program`, with the log file `name`, in this environment without the names `hidden`."""
        settings.logs_dir.mkdir(parents=True, exist_ok=True)
        self._log = settings.logs_dir / f"{name}.log"
        if self._log.exists():
            self._log.replace(settings.logs_dir / f"{name}.previous.log")
        self._key = secrets.token_bytes(32)
        self._listener = Listener(authkey=self._key)
        self._connection: Connection | PipeConnection | None = None
        self._sending = threading.Lock()
        self._inbox: SimpleQueue[Event] = SimpleQueue()
        self._ended = threading.Event()
        self.log_tail = ""
        self.start_error: Failed | None = None  # why it could not start, where it said so
        self.was_stopped = False  # whether we ended it; otherwise it died
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
        with contextlib.suppress(BrokenPipeError):  # it ended at once; wait_until_up returns None
            self.process.stdin.write(json.dumps(boot).encode())
            self.process.stdin.close()
        threading.Thread(target=self._await_exit, name="engine-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def wait_until_up(self, timeout: float) -> dict[str, Any] | None:
        """Returns the engine's description, or None if the process ended or did not answer within `timeout` seconds."""
        with contextlib.suppress(OSError, EOFError):  # the process ended; its log says why
            self._connection = connection = self._listener.accept()
            if connection.poll(timeout):
                info = connection.recv()
                if not isinstance(info, Failed):
                    threading.Thread(target=self._receive_all, name="engine-events", daemon=True).start()
                    return info
                self.start_error = info
        self.kill()
        return None

    def send(self, message: tuple[Any, ...]) -> None:
        """Does nothing if the process has ended: then `receive` returns a Failed."""
        with self._sending, contextlib.suppress(OSError):
            assert self._connection is not None
            self._connection.send(message)

    def receive(self, timeout: float) -> Event | None:
        """Returns the next event, or None if none comes within `timeout` seconds.

        Returns a Failed of kind engine_died once the process has ended and all its events have been read.
        """
        try:
            return self._inbox.get(timeout=timeout)
        except Empty:
            return None if self.alive else self.exit_failure()

    def stop(self) -> None:
        """Ends the process at once. This does not count as a death of the engine."""
        self.was_stopped = True
        self.kill()

    def kill(self) -> None:
        """Ends the process at once, because it is no longer of use."""
        self.process.kill()
        self._ended.wait(10)

    def drain(self, timeout: float) -> None:
        """Reads what an abandoned run still sends, so that the next run does not get it.

        Stops the process if the run does not end within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self.alive and time.monotonic() < deadline:
            if isinstance(self.receive(timeout=0.1), FINAL):
                return
        self.stop()

    def wait_for_end(self) -> None:
        self._ended.wait()

    @property
    def how_it_ended(self) -> str:
        """The signal's name or the exit code."""
        code = self.process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def exit_failure(self) -> Failed:
        """The failure of the run that the process left behind."""
        message = f"The engine stopped unexpectedly ({self.how_it_ended})."
        if self.how_it_ended == "SIGKILL":
            message += " Unless someone killed it, it ran out of memory."
        hint = "Choose a smaller size or fewer seconds, or try again."
        return Failed("engine_died", message, hint, detail=self.log_tail)

    def _receive_all(self) -> None:
        assert self._connection is not None
        try:
            while True:
                self._inbox.put(self._connection.recv())
        except (OSError, EOFError):
            self.process.kill()  # without its pipe it is useless

    def _await_exit(self) -> None:
        self.process.wait()
        if self._connection is None:  # wake up accept(), which waits for a process that is gone
            with contextlib.suppress(OSError, EOFError):
                Client(self._listener.address, authkey=self._key).close()
        self._listener.close()
        self.log_tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
        self._ended.set()
