"""Which files a submission may name: the person at this machine any, all others what lies in folders open to them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from errors import ForbiddenError, InvalidInputError
from jobs.submit.batch import Row
from jobs.types import Batch
from modes import Mode
from modes.media_info import MEDIA


class PathPolicy:
    """Files below `folders` that `may_read` allows, links followed. Every method raises ForbiddenError for another one,
    and InvalidInputError for a path that cannot be looked at."""

    def __init__(self, folders: Sequence[Path], may_read: Callable[[Path], bool]) -> None:
        self._folders = [folder.resolve() for folder in folders]
        self._may_read = may_read

    def check_batch(self, batch: Batch) -> None:
        """Before anything of it is read."""
        for field in ("folder", "table"):
            if (path := getattr(batch, field)) is not None:
                self._check(field, path)
        for file in batch.files:
            self._check("files", file)

    def check_rows(self, mode: Mode, rows: Iterable[Row]) -> None:
        """What values, sidecars, tables and lists name in the end."""
        media = [each.name for each in mode.parameters() if each.widget in MEDIA]
        named = {str(row.values[name]): name for row in rows for name in media if row.values.get(name)}
        for path, field in named.items():
            self._check(field, path)

    def _check(self, field: str, path: str | Path) -> None:
        try:
            file = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a link to itself
            raise InvalidInputError("This path cannot be read.", field) from None
        if not any(file.is_relative_to(folder) for folder in self._folders) or not self._may_read(file):
            raise ForbiddenError(
                f"{str(path)[:200]} is outside of the folders whose files may be named here.",
                field,
                "Upload the file, or add its folder to the setting allowed_dirs.",
            )
