"""Fetches model files: one after the other, resumable, verified, in a thread that a cancel can leave behind."""

import glob
import hashlib
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
from typing import BinaryIO

import httpx2
from filelock import FileLock, Timeout

from errors import CancelledError, DownloadError
from events import Download
from models import hub
from models.pins import Pins
from models.registry import ModelFile

RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)  # seconds; they start again whenever bytes have arrived
MAX_ASKED_DELAY = 60.0  # seconds that a server may ask for; a longer delay is an error
REPORT_INTERVAL = 0.25  # seconds between two events
SPEED_WINDOW = 5.0  # seconds that the speed is measured over
POLL_INTERVAL = 0.1  # seconds until a cancel is noticed
HASH_BLOCK = 1 << 20  # bytes


class _StoppedError(Exception):
    """Raised in the download's thread when nobody reads its events any more."""


@dataclass(frozen=True)
class _Item:
    file: ModelFile
    target: Path
    offer: hub.RemoteFile

    @property
    def partial(self) -> Path:
        """What has come so far. Named by the content, so that a newer file never continues an older one."""
        return self.target.with_name(f"{self.target.name}.{self.offer.sha256[:12]}.part")

    @property
    def received(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0


class Fetch:
    """One download of several files, each to its path; `events` runs it, once."""

    def __init__(self, wanted: Sequence[tuple[ModelFile, Path]], pins: Pins) -> None:
        self._wanted = wanted
        self._pins = pins
        self._stop = threading.Event()
        self._events: queue.SimpleQueue[Download | Exception | None] = queue.SimpleQueue()

    def events(self, cancelled: threading.Event | None) -> Iterator[Download]:
        """Raises DownloadError, or CancelledError soon after `cancelled` is set; what has come is kept then.

        A thread that waits for a silent server ends when that times out; by then nobody listens to it.
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
        except Exception as error:  # noqa: BLE001  raised again where the events are read
            self._events.put(error)

    def _resolve(self, file: ModelFile, target: Path) -> hub.RemoteFile:
        pinned = self._pins.apply(file)
        patience = RetryPolicy(self._stop, pinned, target.parent)
        while True:
            try:
                offer = hub.resolve(pinned)
                break
            except hub.ERRORS as error:
                patience.wait_after(error)
        if None in (pinned.revision, pinned.size, pinned.sha256):
            self._pins.record(file, offer)
        return offer

    def _fetch(self, item: _Item) -> None:
        """One process downloads, the others watch its progress and then find the file."""
        report = ProgressReporter(self._events, item)
        item.target.parent.mkdir(parents=True, exist_ok=True)
        with self._lock(item, report):
            if not item.target.is_file():
                self._transfer(item, report)
            elif not report.told:
                return  # it came while the others were fetched
            report.done(item.offer.size, last=True)

    def _lock(self, item: _Item, report: "ProgressReporter") -> AbstractContextManager:
        folder = item.target.parent / ".locks"  # lock files stay: removing one is a race
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / f"{item.target.name}.lock")
        while True:
            try:
                return lock.acquire(timeout=REPORT_INTERVAL)
            except Timeout:
                report.done(item.received)
            if self._stop.is_set():
                raise _StoppedError

    def _transfer(self, item: _Item, report: "ProgressReporter") -> None:
        with item.partial.open("a+b") as out:
            digest, done = self._hash_partial(out, item, report)
            patience = RetryPolicy(self._stop, item.file, item.target.parent)
            while done < item.offer.size:
                before = done
                try:
                    with hub.open_stream(item.offer, done) as response:
                        if response.status_code != 206:  # from the beginning, whatever we asked for
                            out.truncate(0)
                            digest, done = hashlib.sha256(), 0
                        for chunk in response.iter_bytes():
                            if self._stop.is_set():
                                raise _StoppedError
                            out.write(chunk)
                            digest.update(chunk)
                            done += len(chunk)
                            report.done(done)
                            if done > item.offer.size:
                                break
                    if done < item.offer.size:
                        raise httpx2.RemoteProtocolError(f"the answer ended after {done} bytes")
                except hub.ERRORS as error:
                    if done != before:
                        patience.renew()
                    patience.wait_after(error)
        _verify(item, done, digest.hexdigest())
        os.replace(item.partial, item.target)
        for older in item.target.parent.glob(f"{glob.escape(item.target.name)}.*.part"):
            older.unlink()

    def _hash_partial(self, out: BinaryIO, item: _Item, report: "ProgressReporter") -> tuple["hashlib._Hash", int]:
        """The hash and length of what an earlier try left; nothing where it is longer than the file."""
        digest, done = hashlib.sha256(), 0
        if item.received > item.offer.size:
            out.truncate(0)
        out.seek(0)
        while block := out.read(HASH_BLOCK):
            if self._stop.is_set():
                raise _StoppedError
            digest.update(block)
            done += len(block)
            report.done(item.received)  # reading it takes its time, but nothing comes meanwhile
        return digest, done


class ProgressReporter:
    """Turns numbers of bytes into events, at most four per second."""

    def __init__(self, events: queue.SimpleQueue, item: _Item) -> None:
        self._events = events
        self._name, self._total = item.file.name, item.offer.size
        self._samples: deque[tuple[float, int]] = deque()
        self._next = 0.0
        self.told = False

    def done(self, done: int, last: bool = False) -> None:
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
        self.told = True


class RetryPolicy:
    """Decides whether and when one thing is tried again.

    It is not made with tenacity, because three things would have to be added to it: the count starts again whenever
    bytes have arrived, the server may ask for a longer delay, and a wait has to end when the download is cancelled.
    """

    def __init__(self, stop: threading.Event, file: ModelFile, folder: Path) -> None:
        self._stop, self._file, self._folder = stop, file, folder
        self.renew()

    def renew(self) -> None:
        self._delays = iter(RETRY_DELAYS)

    def wait_after(self, error: Exception) -> None:
        """Waits before the next attempt. Raises DownloadError where another attempt would not help."""
        delay, asked = next(self._delays, None), hub.asked_delay(error)
        if delay is None or asked > MAX_ASKED_DELAY or not hub.is_transient(error):
            raise hub.explain(error, self._file, self._folder) from error
        if self._stop.wait(max(delay, asked)):
            raise _StoppedError


def _check_space(items: list[_Item]) -> None:
    """All files together, before the first byte: disks fill up at night. Folders may lie on several disks."""
    needed: dict[int, int] = defaultdict(int)
    folders: dict[int, Path] = {}
    for item in items:
        item.target.parent.mkdir(parents=True, exist_ok=True)
        disk = item.target.parent.stat().st_dev
        folders.setdefault(disk, item.target.parent)
        needed[disk] += item.offer.size - min(item.received, item.offer.size)
    for disk, size in needed.items():
        free = shutil.disk_usage(folders[disk]).free
        if size > free:
            raise DownloadError(
                f"There is not enough disk space: {_gb(size)} are still to be downloaded, {_gb(free)} are free at "
                f"{folders[disk]}.",
                f"Free {_gb(size - free)}, or set KINORA_HOME to a folder on a larger disk.",
            )


def _verify(item: _Item, size: int, sha256: str) -> None:
    if size == item.offer.size and sha256 == item.offer.sha256:
        return
    item.partial.unlink()
    raise DownloadError(
        f"The download of {item.file.name} does not match what {item.file.repo} states, so it was deleted.",
        "Try again. If it happens again, something changes the file on its way: check HF_ENDPOINT and any proxy.",
        f"expected {item.offer.size} bytes, sha256 {item.offer.sha256}; got {size} bytes, sha256 {sha256}",
    )


def _unwritable(error: OSError, folder: Path) -> DownloadError:
    return DownloadError(
        f"Kinora cannot write to the models folder: {error.strerror or error} ({error.filename or folder}).",
        "Check its free space and permissions, then try again. Partial downloads are kept.",
        repr(error),
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
