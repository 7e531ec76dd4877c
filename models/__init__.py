"""Model files: which ones a graph needs, where they are, and how the missing ones get here.

Works in the web process, without torch; everything blocks, so call it off the event loop.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import demo_models
from errors import CancelledError, MissingModelError
from events import Download
from models import registry
from models.download import Fetch
from models.locate import Places
from models.pins import Pins
from models.registry import Graph, ModelFile
from settings import Settings

__all__ = ["Graph", "ModelFile", "Models", "Presence"]


@dataclass(frozen=True)
class Presence:
    """A model file and where it is: `path` is None where it is missing. `size` in bytes, None if not known."""

    file: ModelFile
    path: Path | None
    size: int | None


class Models:
    """The model files of one set of settings. Safe from several threads and processes at once.

    `table` holds the files that Kinora knows; see registry.tsv.
    """

    def __init__(self, settings: Settings, table: Path = registry.REGISTRY) -> None:
        self._settings = settings
        self._registry = registry.read(table)
        self._by_name = {file.name: file for file in self._registry}
        self._places = Places(settings)
        self._pins = Pins(settings.home / "models.lock.json")

    def needed(self, *graphs: Graph) -> list[ModelFile]:
        """The files that the graphs name, each once, in their order.

        Raises InvalidInputError for a pickle, and for a name that leaves its folder.
        """
        return registry.needed(graphs, self._by_name)

    def locate(self, file: ModelFile) -> Path | None:
        """Where the file is on this machine; in demo mode only Kinora's demo folder counts."""
        return self._places.loadable(file) or self._places.linkable(file)

    def available(self, folder: str) -> list[str]:
        """Names of the files in a kind's folders ("loras"), sorted: what a person may choose from."""
        return self._places.listed(folder)

    def missing(self, *graphs: Graph) -> list[ModelFile]:
        """Those of the needed files that `ensure` would have to download."""
        return [file for file in self.needed(*graphs) if self.locate(file) is None]

    def ensure(self, graph: Graph, cancelled: threading.Event | None = None) -> Iterator[Download]:
        """Makes every file that the graph names loadable by the engine, telling of those being downloaded.

        A file is used where it is (at most linked), else downloaded, resumed and verified, into Kinora's own
        models folder. Raises InvalidInputError (see `needed`), MissingModelError, DownloadError,
        CancelledError; after the last one the next call goes on where this one stopped.
        """
        if cancelled is not None and cancelled.is_set():
            raise CancelledError("The download was cancelled.")
        wanted = []
        for file in self.needed(graph):
            if self._places.loadable(file) is not None:
                continue
            source = self._places.linkable(file)
            if source is not None:
                self._places.link(file, source)
            else:
                wanted.append((file, self._places.target(file)))
        for file, _ in wanted:
            self._refuse_unknown(file)
        if wanted:
            yield from Fetch(wanted, self._pins).events(cancelled)

    def report(self, files: Iterable[ModelFile] | None = None) -> list[Presence]:
        """What is here and what is missing, of `files` (see `needed`) or else of the whole registry."""
        found = []
        for file in self._registry if files is None else files:
            path = self.locate(file)
            size = path.stat().st_size if path is not None else self._pins.apply(file).size
            found.append(Presence(file, path, size))
        return found

    def refuse_unknown(self, graph: Graph) -> None:
        """Raises MissingModelError for a file that is not here and that `ensure` could not fetch either."""
        for file in self.needed(graph):
            if self.locate(file) is None:
                self._refuse_unknown(file)

    def _refuse_unknown(self, file: ModelFile) -> None:
        if self._settings.use_demo:
            if f"{file.folder}/{file.name}" in demo_models.FILES:
                return  # the engine makes it when it starts
            raise MissingModelError(
                f"There is no demo model for {file.name}.",
                "Run Kinora on a machine with a GPU, or set KINORA_DEMO=never to use the real models.",
            )
        if not file.repo:
            raise MissingModelError(
                f"{file.name} is not in any models folder, and Kinora does not know where it comes from.",
                f"Put it into {self._places.target(file).parent}.",
            )
