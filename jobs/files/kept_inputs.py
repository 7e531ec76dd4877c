"""Copies of the files that submissions name, kept so that the originals may go.

A kept file is a hard link where the disk allows it, otherwise a copy. There is one for each content.
"""

import itertools
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from jobs.store.database import Database
from jobs.store.schema import inputs, task_inputs, tasks
from media import digest, link, readable
from settings import Settings

KEPT = "kept"
"""The folder in the inputs folder where kept inputs are."""

logger = logging.getLogger("kinora.retention")


@dataclass(frozen=True, slots=True)
class StaleInput:
    """A file that no queued or running task needs, and that was last used longer ago than the setting says."""

    path: Path
    bytes: int
    days: float
    digest: str | None  # of a kept original; None for a prepared file, which is written again when a task needs it


class KeptInputs:
    """Every method may be called from any thread and raises StorageError."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self.folder = settings.inputs_dir / KEPT

    def keep(self, file: Path) -> Path:
        """The kept file with this one's content, which is made now if there is none."""
        content = digest(file)
        with self._database.write() as connection:
            found = connection.execute(select(inputs.c.name).where(inputs.c.digest == content)).scalar()
            name = found or self._free_name(connection, file)
            if not (self.folder / name).is_file():
                link(file, self.folder / name)
            if found:
                connection.execute(update(inputs).where(inputs.c.digest == content).values(used=time.time()))
            else:
                connection.execute(inputs.insert().values(digest=content, name=name, used=time.time()))
        return self.folder / name

    def stale(self, days: float | None = None) -> list[StaleInput]:
        """What `clean` removes: kept originals and files prepared from them, `days` after their last use."""
        days = self._settings.keep_inputs_days if days is None else days
        now = time.time()
        with self._database.read() as connection:
            needed = select(task_inputs.c.digest, task_inputs.c.prepared).join(tasks)
            rows = connection.execute(needed.where(tasks.c.status.in_(("queued", "running")))).all()
            kept = connection.execute(select(inputs.c.name, inputs.c.digest, inputs.c.used)).all()
        digests, prepared = {row.digest for row in rows}, {row.prepared for row in rows}
        known = {row.name: row for row in kept}
        found = []
        for file in self._files():
            is_kept = file.parent == self.folder
            row = known.get(file.name) if is_kept else None
            if (row and row.digest in digests) or (not is_kept and file.name in prepared):
                continue
            stat = file.stat()
            age = (now - (row.used if row else stat.st_mtime)) / 86_400
            if age >= days:
                found.append(StaleInput(file, stat.st_size, age, row.digest if row else None))
        return found

    def remove(self, stale: Iterable[StaleInput]) -> None:
        """Deletes them, except those that a task has come to need, and logs each."""
        for each in stale:
            with self._database.write() as connection:
                needed = select(task_inputs.c.task).join(tasks).where(tasks.c.status.in_(("queued", "running")))
                if each.digest:
                    needed = needed.where(task_inputs.c.digest == each.digest)
                else:
                    needed = needed.where(task_inputs.c.prepared == each.path.name)
                if connection.execute(needed).first():
                    continue  # submitted since the list was made
                if each.digest:
                    mine = task_inputs.c.digest == each.digest
                    connection.execute(update(task_inputs).where(mine).values(digest=None))
                    connection.execute(delete(inputs).where(inputs.c.digest == each.digest))
                each.path.unlink(missing_ok=True)
            logger.info("Removed %s (%d bytes, last used %.1f days ago)", each.path, each.bytes, each.days)

    def _files(self) -> Iterator[Path]:
        for folder in (self._settings.inputs_dir, self.folder):
            if folder.is_dir():
                yield from (file for file in sorted(folder.iterdir()) if file.is_file())

    def _free_name(self, connection: Connection, file: Path) -> str:
        """The file's own name, with a number where another content has it already."""
        stem, suffix = readable(file.stem), file.suffix.lower()
        for number in itertools.count(1):
            name = f"{stem}{suffix}" if number == 1 else f"{stem}__{number}{suffix}"
            other = connection.execute(select(inputs.c.digest).where(inputs.c.name == name)).scalar()
            if other is None:
                return name
        raise AssertionError("there is always a next number")
