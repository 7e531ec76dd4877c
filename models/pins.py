"""The pins of model files: `models.lock.json` in the home folder, so that a later download gets the same content.

The registry pins what was known when it was written. For everything else, Kinora trusts the Hub's first answer and
records it: "repository/path" -> {revision, size in bytes, sha256}.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from errors import DownloadError
from models.hub import RemoteFile
from models.registry import ModelFile
from whole_files import written_whole


class Pins:
    """Reads and writes the pins in the file at `path`, which need not exist yet. Several processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def apply(self, file: ModelFile) -> ModelFile:
        """Returns the file with its pin; what the registry itself states takes precedence.

        Raises DownloadError where the pins cannot be read.
        """
        pin = self._read().get(_key(file))
        if pin is None or file.revision not in (None, pin["revision"]):
            return file
        return replace(
            file,
            revision=pin["revision"],
            size=file.size or pin["size"],
            sha256=file.sha256 or pin["sha256"],
        )

    def record(self, file: ModelFile, remote: RemoteFile) -> None:
        """Pins a file to what the Hub states about it. Raises DownloadError where the pins cannot be read."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._path}.lock"):
            pins = self._read()
            pins[_key(file)] = {"revision": remote.revision, "size": remote.size, "sha256": remote.sha256}
            with written_whole(self._path) as part:
                part.write_text(json.dumps(pins, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise DownloadError(
                f"{self._path} is damaged.", "Delete it; Kinora will then record the files again.", str(error)
            ) from error


def _key(file: ModelFile) -> str:
    return f"{file.repo}/{file.path}"
