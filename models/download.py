"""Downloads model files one after the other, in a thread of its own. Each can be resumed, and is verified."""

import glob
import os
import queue
import shutil
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from filelock import FileLock, Timeout

from errors import CancelledError, DownloadError
from events import Download
from models import hub
from models.partial_file import PartialFile
from models.pins import Pins
from models.registry import ModelFile

RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)  # seconds; the first delay is used again after bytes have arrived
MAX_ASKED_DELAY = 60.0  # seconds that a server may ask Kinora to wait; a longer delay is an error
REPORT_INTERVAL = 0.25  # seconds between two events
SPEED_WINDOW = 5.0  # seconds over which the speed is measured
POLL_INTERVAL = 0.1  # seconds until a cancel is noticed


class _StoppedError(Exception):
    """Raised in the download's thread when its events are no longer read."""


@dataclass(frozen=True)
class _Item:
    """A file to download, its place on this machine, and what the Hub states about it."""

    file: ModelFile
    target: Path
    remote: hub.RemoteFile

    @property
    def partial(self) -> Path:
        """The file that holds the bytes received so far.

        Its name contains the hash of the content, so that a new version of a file never continues an old one.
        """
        return self.target.with_name(f"{self.target.name}.{self.remote.sha256[:12]}.part")

    @property
    def received(self) -> int:
        """The size of the partial file in bytes; 0 where there is none."""
        return self.partial.stat().st_size if self.partial.exists() else 0


class Fetch:
    """A download of several files, each to its path. `events` runs it, and may be called once."""

    def __init__(self, wanted: Sequence[tuple[ModelFile, Path]], pins: Pins) -> None:
        self._wanted = wanted
        self._pins = pins
        self._stop = threading.Event()
        self._events: queue.SimpleQueue[Download | Exception | None] = queue.SimpleQueue()

    def events(self, cancelled: threading.Event | None) -> Iterator[Download]:
        """Downloads the files and yields the progress.

        Raises DownloadError, and CancelledError within about 0.1 seconds after `cancelled` is set; the bytes
        received so far are kept. If the thread is waiting for a server that does not answer, it ends when that
        request times out, and what it then reports is ignored.
        """
        threading.Thread(target=self._work, name="download", daemon=True).start()
        try:
            while True:
                if cancelled is not None and cancelled.is_set():
                    raise CancelledError("The download was cancelled.", "It will continue from here next time.")
                try:
                    event = self._events.get(timeout=POLL_INTERVAL)
                except queue.Empty:
                    continue
                if event is None:
                    return
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self._stop.set()

    def _work(self) -> None:
        try:
            items = [_Item(file, target, self._resolve(file, target)) for file, target in self._wanted]
            _check_space(items)
            for item in items:
                self._fetch(item)
            self._events.put(None)
        except _StoppedError:
            return
        except OSError as error:
            self._events.put(_unwritable(error, self._wanted[0][1].parent))
        except Exception as error:  # noqa: BLE001  `events` raises it in the caller's thread
            self._events.put(error)

    def _resolve(self, file: ModelFile, target: Path) -> hub.RemoteFile:
        """Asks the Hub about a file, and records the answer where the registry does not pin the file completely."""
        pinned = self._pins.apply(file)
        retries = RetryPolicy(self._stop, pinned, target.parent)
        while True:
            try:
                remote = hub.resolve(pinned)
                break
            except hub.ERRORS as error:
                retries.wait_after(error)
        if None in (pinned.revision, pinned.size, pinned.sha256):
            self._pins.record(file, remote)
        return remote

    def _fetch(self, item: _Item) -> None:
        """Downloads one file. If another process is downloading it, this one reports that process's progress."""
        report = ProgressReporter(self._events, item)
        item.target.parent.mkdir(parents=True, exist_ok=True)
        with self._lock(item, report):
            if not item.target.is_file():
                self._transfer(item, report)
            elif not report.has_reported:
                return  # another process finished it while this one downloaded other files
            report.done(item.remote.size, last=True)

    def _lock(self, item: _Item, report: "ProgressReporter") -> AbstractContextManager:
        folder = item.target.parent / ".locks"  # lock files are never deleted: that would be a race
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / f"{item.target.name}.lock")
        while True:
            try:
                return lock.acquire(timeout=REPORT_INTERVAL)
            except Timeout:
                report.done(item.received)
            self._raise_if_stopped()

    def _transfer(self, item: _Item, report: "ProgressReporter") -> None:
        """Completes the partial file, verifies it, and moves it to its place."""
        with item.partial.open("a+b") as file:
            partial = PartialFile(file)
            self._read_existing(partial, item, report)
            retries = RetryPolicy(self._stop, item.file, item.target.parent)
            while partial.size < item.remote.size:
                before = partial.size
                try:
                    self._receive(partial, item, report)
                except hub.ERRORS as error:
                    if partial.size != before:
                        retries.renew()
                    retries.wait_after(error)
        _verify(item, partial.size, partial.sha256)
        os.replace(item.partial, item.target)
        for older in item.target.parent.glob(f"{glob.escape(item.target.name)}.*.part"):
            older.unlink()

    def _read_existing(self, partial: PartialFile, item: _Item, report: "ProgressReporter") -> None:
        """Hashes what an earlier attempt has left. A partial file that is longer than the whole file is emptied."""
        if item.received > item.remote.size:
            partial.clear()
        for block in partial.existing_blocks():
            self._raise_if_stopped()
            partial.count_in(block)
            report.done(item.received)  # hashing takes time, but no bytes arrive in it

    def _receive(self, partial: PartialFile, item: _Item, report: "ProgressReporter") -> None:
        """Appends the bytes of one response. Raises one of hub.ERRORS, also where the response ends too early."""
        with hub.open_stream(item.remote, partial.size) as response:
            if response.status_code != 206:  # the server ignores ranges and sends the whole file
                partial.clear()
            for chunk in response.iter_bytes():
                self._raise_if_stopped()
                partial.append(chunk)
                report.done(partial.size)
                if partial.size > item.remote.size:
                    break
        if partial.size < item.remote.size:
            raise httpx2.RemoteProtocolError(f"the answer ended after {partial.size} bytes")

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise _StoppedError


class ProgressReporter:
    """Turns the number of received bytes into events, at most four per second."""

    def __init__(self, events: queue.SimpleQueue, item: _Item) -> None:
        self._events = events
        self._name, self._total = item.file.name, item.remote.size
        self._samples: deque[tuple[float, int]] = deque()
        self._next = 0.0
        self.has_reported = False

    def done(self, done: int, last: bool = False) -> None:
        """Reports that `done` bytes are here; the `last` report is never left out."""
        now = time.monotonic()
        if now < self._next and not last:
            return
        self._next = now + REPORT_INTERVAL
        self._samples.append((now, done))
        while now - self._samples[0][0] > SPEED_WINDOW and len(self._samples) > 2:
            self._samples.popleft()
        since, before = self._samples[0]
        speed = max(0, done - before) / (now - since) if now > since else 0.0
        self._events.put(Download(self._name, done, self._total, speed))
        self.has_reported = True


class RetryPolicy:
    """Decides whether and when a request for one file is repeated.

    It is not made with tenacity, because three things would have to be added to it: the count starts again whenever
    bytes have arrived, the server may ask for a longer delay, and a wait has to end when the download is cancelled.
    """

    def __init__(self, stop: threading.Event, file: ModelFile, folder: Path) -> None:
        self._stop, self._file, self._folder = stop, file, folder
        self.renew()

    def renew(self) -> None:
        """Starts again with the first delay."""
        self._delays = iter(RETRY_DELAYS)

    def wait_after(self, error: Exception) -> None:
        """Waits before the next attempt. Raises DownloadError where another attempt would not help."""
        delay, asked = next(self._delays, None), hub.asked_delay(error)
        if delay is None or asked > MAX_ASKED_DELAY or not hub.is_transient(error):
            raise hub.explain(error, self._file, self._folder) from error
        if self._stop.wait(max(delay, asked)):
            raise _StoppedError


def _check_space(items: list[_Item]) -> None:
    """Raises DownloadError unless all files together fit on their disks; the folders may be on several disks.

    It runs before the first byte is downloaded, because a person may leave the machine alone overnight.
    """
    needed: dict[int, int] = defaultdict(int)
    folders: dict[int, Path] = {}
    for item in items:
        item.target.parent.mkdir(parents=True, exist_ok=True)
        disk = item.target.parent.stat().st_dev
        folders.setdefault(disk, item.target.parent)
        needed[disk] += item.remote.size - min(item.received, item.remote.size)
    for disk, size in needed.items():
        free = shutil.disk_usage(folders[disk]).free
        if size > free:
            raise DownloadError(
                f"There is not enough disk space: {_gb(size)} are still to be downloaded, {_gb(free)} are free at "
                f"{folders[disk]}.",
                f"Free {_gb(size - free)}, or set KINORA_HOME to a folder on a larger disk.",
            )


def _verify(item: _Item, size: int, sha256: str) -> None:
    """Deletes the partial file and raises DownloadError where its size or hash is not what the Hub states."""
    if size == item.remote.size and sha256 == item.remote.sha256:
        return
    item.partial.unlink()
    raise DownloadError(
        f"The download of {item.file.name} does not match the checksum that {item.file.repo} gives, so it was deleted.",
        "Try again. If it happens again, something changes the file on its way: check HF_ENDPOINT and any proxy.",
        f"expected {item.remote.size} bytes, sha256 {item.remote.sha256}; got {size} bytes, sha256 {sha256}",
    )


def _unwritable(error: OSError, folder: Path) -> DownloadError:
    return DownloadError(
        f"Kinora cannot write to the models folder: {error.strerror or error} ({error.filename or folder}).",
        "Check its free space and permissions, then try again. Partial downloads are kept.",
        repr(error),
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
