"""The engine process's end of the pipe: runs the graphs that arrive and sends their events back."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Client
from queue import Empty, SimpleQueue
from typing import Any

from backend.contract import GraphEngine
from errors import KinoraError
from events import Failed
from settings import Settings
from workflow import Graph, Phases

IDLE = 10.0  # seconds without a graph after which the engine may free memory


class _GraphServer:
    """Receives graphs over the pipe and has the engine run them, one at a time."""

    def __init__(self, boot: dict[str, Any]) -> None:
        self._settings = Settings(**boot["settings"])
        self._connection = Client(boot["address"], authkey=bytes.fromhex(boot["key"]))
        self._inbox: SimpleQueue[tuple[Graph, Phases, threading.Event, list[str]]] = SimpleQueue()
        self._engine: GraphEngine | None = None
        self._cancelled = threading.Event()  # of the newest run

    def serve(self, start: Callable[[Settings], GraphEngine]) -> None:
        """Runs the graphs that arrive, until the pipe closes."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        try:
            self._engine = engine = start(self._settings)
        except KinoraError as error:
            self._connection.send(Failed.of(error))
            return
        self._connection.send(engine.describe())
        while True:
            try:
                graph, phases, cancelled, forget = self._inbox.get(timeout=IDLE)
            except Empty:
                engine.collect_garbage()
                continue
            for event in engine.run(graph, phases, cancelled, forget):
                self._connection.send(event)
            engine.collect_garbage()

    def _listen(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if message[0] == "run":
                    self._cancelled = threading.Event()
                    self._inbox.put((message[1], message[2], self._cancelled, message[3]))
                else:
                    self._cancelled.set()
                    if self._engine:
                        self._engine.interrupt()
        except (OSError, EOFError):
            os._exit(0)  # the page's process has ended


def serve(start: Callable[[Settings], GraphEngine]) -> None:
    """Is the main program of an engine process: makes an engine with `start` and runs the parent's graphs on it.

    A KinoraError that `start` raises is sent to the parent as the reason why the engine cannot start.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    _GraphServer(json.loads(sys.stdin.buffer.read())).serve(start)
