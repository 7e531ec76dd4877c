"""Only one Kinora runs tasks on a home folder at a time, and a file says where it is."""

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from errors import BusyError
from whole_files import written_whole

GRACE = 1.0
"""Seconds to wait for the lock: `find_running` takes it for a moment to see whether anyone has it."""


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """The process that runs tasks on a home folder. `url` is "" where it serves no page.

    `token` opens its API to whoever may read the file: the same person on the same machine.
    """

    pid: int
    url: str
    token: str


class InstanceLock:
    """Held while a process runs tasks. The operating system releases it when the process ends, however it ends."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = FileLock(home / "kinora.lock", thread_local=False)
        self.token = secrets.token_urlsafe(24)

    def acquire(self) -> None:
        """Raises BusyError where another process has it."""
        self._home.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=GRACE)
        except Timeout:
            other = find_running(self._home)
            where = "Another Kinora"
            if other:
                where = f"Kinora at {other.url}" if other.url else f"Kinora in process {other.pid}"
            raise BusyError(
                f"{where} already uses {self._home}.",
                "Use that one, stop it first, or set KINORA_HOME to another folder.",
            ) from None
        self.announce_address("")

    def announce_address(self, url: str) -> None:
        """Writes this process's address into a file that only the owner of the folder can read."""
        content = json.dumps(asdict(RunningInstance(os.getpid(), url, self.token)))
        with (
            written_whole(self._home / "kinora.json") as part,
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file,
        ):
            file.write(content)

    def release(self) -> None:
        if self._lock.is_locked:
            (self._home / "kinora.json").unlink(missing_ok=True)
            self._lock.release()


def find_running(home: Path) -> RunningInstance | None:
    """The Kinora that runs tasks on the home folder now, if there is one."""
    file = home / "kinora.json"
    if not file.is_file():
        return None
    with contextlib.suppress(Timeout), FileLock(home / "kinora.lock", timeout=0):
        return None  # the file is of a process that is gone
    try:
        return RunningInstance(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):  # it is ending
        return None
