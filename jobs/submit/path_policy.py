"""Which files a submission may name: the person at this machine any, all others only files in folders open to them."""

from collections.abc import Iterable
from pathlib import Path

from errors import ForbiddenError, InvalidInputError
from jobs.files.kept_inputs import KEPT
from jobs.store.queries import TaskQueries
from jobs.submit.batch import BatchEntry
from jobs.types import Batch, Caller
from modes import Mode
from settings import PROJECT, Settings


class PathPolicy:
    """Checks paths, links followed, for callers that have a folder of uploads; any other caller may name every file.

    Such a caller may name files in that folder, in Kinora's own and in `allowed_dirs`; a visitor, of what was made and
    given here, only their own. Every method raises ForbiddenError for another file, InvalidInputError for a path that
    cannot be read, and StorageError.
    """

    def __init__(self, settings: Settings, queries: TaskQueries) -> None:
        self._queries = queries
        self._outputs = settings.outputs_dir
        self._inputs = settings.inputs_dir
        self._open = [PROJECT / "examples", *settings.allowed_dirs]

    def check_batch(self, caller: Caller, batch: Batch) -> None:
        """Call it before anything of the batch is read."""
        named: list[tuple[str, Path]] = [("files", file) for file in batch.files]
        if batch.folder is not None:
            named.append(("folder", batch.folder))
        if batch.table is not None:
            named.append(("table", batch.table))
        self._check(caller, named)

    def check_entries(self, caller: Caller, mode: Mode, entries: Iterable[BatchEntry]) -> None:
        """Checks what values, sidecars, tables and lists name in the end."""
        media = [each.name for each in mode.media]
        named = {(name, str(entry.values[name])) for entry in entries for name in media if entry.values.get(name)}
        self._check(caller, sorted(named))

    def _check(self, caller: Caller, named: Iterable[tuple[str, str | Path]]) -> None:
        """Checks paths, each with the field that names it."""
        if caller.uploads is None:
            return
        folders = [folder.resolve() for folder in (caller.uploads, self._outputs, self._inputs, *self._open)]
        for field, path in named:
            try:
                file = Path(path).resolve()
            except (OSError, ValueError, RuntimeError):  # too long, a zero byte, a link to itself
                raise InvalidInputError("This path cannot be read.", field) from None
            if not any(map(file.is_relative_to, folders)) or not self._may_read(caller, file):
                raise ForbiddenError(
                    f"Kinora may not use {str(path)[:200]}: it is outside the allowed folders.",
                    field,
                    "Upload the file instead. (Whoever runs Kinora can allow its folder with KINORA_ALLOWED_DIRS.)",
                )

    def _may_read(self, caller: Caller, file: Path) -> bool:
        """Of Kinora's own folders a visitor may read what their tasks made and what was kept for them."""
        if not caller.visitor:
            return True
        outputs, inputs = self._outputs.resolve(), self._inputs.resolve()
        if file.is_relative_to(outputs):
            # Outputs are stored by the folder's name, which may be a link.
            return self._queries.made(caller, [file, self._outputs / file.relative_to(outputs)])
        if file.is_relative_to(inputs):
            return file.parent == (inputs / KEPT).resolve() and self._queries.kept_for(caller, file.name)
        return True
