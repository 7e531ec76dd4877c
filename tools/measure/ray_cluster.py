"""A real Ray cluster on this machine, for tests too: each node has one core and one GPU that only Ray counts."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from settings import PROJECT

RAY = Path(sys.executable).with_name("ray")
MEMORY = 80_000_000  # bytes for Ray's object store, the least that it takes


class Cluster:
    """`nodes` are the processes that keep each node up, the head first."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.nodes: list[psutil.Process] = []
        self._folder = folder
        self._port = port

    def add(self, environment: Mapping[str, str], core: int | None = None) -> psutil.Process:
        """Starts a node, if need be on one core only; the first one is the head.

        `environment` is added to the environment of its engines.
        """
        where = [f"--address={self.address}"]
        if not self.nodes:
            where = ["--head", f"--port={self._port}", "--include-dashboard=false", f"--temp-dir={self._folder}"]
        size = ["--num-cpus=1", "--num-gpus=1", f"--object-store-memory={MEMORY}"]
        with (self._folder / f"node-{len(self.nodes)}.log").open("w") as log:
            started = subprocess.Popen(
                [str(RAY), "start", "--block", *where, *size, "--disable-usage-stats"],
                env=os.environ | {"PYTHONPATH": str(PROJECT), "RAY_USAGE_STATS_ENABLED": "0"} | dict(environment),
                stdout=log,
                stderr=log,
            )
        node = psutil.Process(started.pid)
        if core is not None:
            node.cpu_affinity([core])  # what it starts inherits that
        self.nodes.append(node)
        self._wait_until_up(node)
        return node

    def kill(self, node: psutil.Process) -> None:
        """Ends a node as a power cut would, except for the engine itself, which has to notice."""
        children = node.children(recursive=True)
        engines = [process for process in children if "backend.comfy" in _command(process)]
        _kill([node, *(process for process in children if process not in engines)])

    def stop(self) -> None:
        for node in self.nodes:
            if node.is_running():
                _kill([*node.children(recursive=True), node])

    def _wait_until_up(self, node: psutil.Process) -> None:
        log = self._folder / f"node-{self.nodes.index(node)}.log"
        deadline = time.monotonic() + 60
        while "--block" not in (output := log.read_text()):
            assert node.is_running(), output
            assert node.status() != psutil.STATUS_ZOMBIE, output
            assert time.monotonic() < deadline, output
            time.sleep(0.1)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # it has just ended
        return []


def _kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # another one took it along
            process.kill()


@contextmanager
def running() -> Iterator[Cluster]:
    """Runs an empty cluster."""
    folder = Path(tempfile.mkdtemp(prefix="k-ray-", dir="/tmp"))  # a socket's path is at most 107 characters
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cluster = Cluster(folder, port)
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
