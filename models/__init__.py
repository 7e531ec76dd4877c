"""Model files: which ones a graph needs, where they are, and how the missing ones are downloaded.

This room runs in the page's process, without torch. All its functions block, so call them outside the event loop.
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
    """A model file and its place: `path` is None if it is missing. `size` is in bytes, or None if it is not known."""

    file: ModelFile
    path: Path | None
    size: int | None


class Models:
    """The model files under one set of settings. Several threads and processes may use them at once.

    `table` lists the files that Kinora knows, as registry.tsv does.
    """

    def __init__(self, settings: Settings, table: Path = registry.REGISTRY) -> None:
        self._settings = settings
        self._registry = registry.read(table)
        self._by_name = {file.name: file for file in self._registry}
        self._places = Places(settings)
        self._pins = Pins(settings.home / "models.lock.json")

    def needed(self, *graphs: Graph) -> list[ModelFile]:
        """Returns the files that the graphs name, each once, in the order of the graphs.

        Raises InvalidInputError for a file that is not safetensors, and for a name that leads out of its folder.
        """
        return registry.needed(graphs, self._by_name)

    def locate(self, file: ModelFile) -> Path | None:
        """Returns where the file is on this machine, or None. In demo mode only Kinora's demo folder counts."""
        return self._places.loadable(file) or self._places.linkable(file)

    def available(self, folder: str) -> list[str]:
        """Returns the sorted names of the files of a kind, such as "loras", from which a person may choose."""
        return self._places.listed(folder)

    def missing(self, *graphs: Graph) -> list[ModelFile]:
        """Returns the needed files that are not on this machine. Raises what `needed` raises."""
        return [file for file in self.needed(*graphs) if self.locate(file) is None]

    def ensure(self, graph: Graph, cancelled: threading.Event | None = None) -> Iterator[Download]:
        """Makes sure that the engine can load every file that the graph names, and yields the progress of downloads.

        A file that is on this machine stays where it is, or is linked. Any other file is downloaded into Kinora's own
        models folder and verified. Raises InvalidInputError as `needed` does, MissingModelError for a file that Kinora
        cannot download, DownloadError, and CancelledError after `cancelled` is set. After a cancel or an error, the
        next call continues the download.
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
        """Says for each of `files`, or for the whole registry, where it is and how large it is."""
        found = []
        for file in self._registry if files is None else files:
            path = self.locate(file)
            size = path.stat().st_size if path is not None else self._pins.apply(file).size
            found.append(Presence(file, path, size))
        return found

    def refuse_unknown(self, graph: Graph) -> None:
        """Raises MissingModelError for a file that is not on this machine and that `ensure` cannot download."""
        for file in self.needed(graph):
            if self.locate(file) is None:
                self._refuse_unknown(file)

    def _refuse_unknown(self, file: ModelFile) -> None:
        if self._settings.use_demo:
            if f"{file.folder}/{file.name}" in demo_models.FILES:
                return  # the engine makes the file when it starts
            raise MissingModelError(
                f"There is no demo model for {file.name}.",
                "Run Kinora on a machine with a GPU, or set KINORA_DEMO=never to use the real models.",
            )
        if not file.repo:
            raise MissingModelError(
                f"{file.name} is not in any models folder, and Kinora does not know where it comes from.",
                f"Put it into {self._places.target(file).parent}.",
            )
