"""Finished files on their way from the engine to outputs/<day>/<words of the prompt>_<seed>.<ending>."""

import itertools
import logging
import re
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from settings import Settings

logger = logging.getLogger("kinora.retention")

RUNNING = "running"  # below the outputs folder: what engines are writing now


class Outputs:
    """Names and moves. `lock` is held from the choice of a name until the file is there."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.outputs_dir
        self.lock = threading.Lock()

    def choose(self, files: Iterable[Path], mode: str, values: Mapping[str, Any], seed: str) -> list[list[str]]:
        """[from, to] for each file, parts of the result after it; none of the targets exists."""
        day = self.folder / datetime.now().strftime("%Y-%m-%d")
        words = re.sub(r"[^a-z0-9]+", "-", str(values.get("prompt", "")).lower()).strip("-")
        stem = f"{words[:60].rstrip('-') or mode}_{seed}"
        taken: set[Path] = set()
        moves = []
        for file in sorted(files, key=lambda file: (len(_part(file)), file.name)):
            name = "_".join(filter(None, (stem, _part(file))))
            candidates = itertools.chain([name], (f"{name}__{number}" for number in itertools.count(2)))
            targets = (day / f"{each}{file.suffix}" for each in candidates)
            target = next(each for each in targets if each not in taken and not each.exists())
            taken.add(target)
            moves.append([str(file), str(target)])
        return moves

    def move(self, moves: list[list[str]]) -> list[str]:
        """Each file is either still where it was, or whole in its place."""
        for source, target in moves:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(source).replace(target)
        return [target for _, target in moves]

    def found(self, moves: list[list[str]]) -> list[str] | None:
        """After a crash: finishes moves that were begun. None where a file is lost, and has to be made again.

        A file that is not at its source any more was moved; one that is at both was not: the target is another's.
        """
        if not moves or not all(Path(source).exists() or Path(target).exists() for source, target in moves):
            return None
        done = []
        for source, target in moves:
            place = Path(target)
            if Path(source).exists():
                numbers = itertools.count(2)
                while place.exists():
                    place = Path(target).with_stem(f"{Path(target).stem}__{next(numbers)}")
                self.move([[source, str(place)]])
            done.append(str(place))
        return done

    def prune(self, hours: float) -> None:
        """Deletes results older than that, and says so in the log."""
        oldest = time.time() - hours * 3600
        for file in sorted(self.folder.glob("*-*-*/*")):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
                logger.info("Removed %s, which was older than %g hours", file, hours)

    def sweep(self) -> None:
        """Removes what engines left half written. Only when none of this folder's engines runs."""
        shutil.rmtree(self.folder / RUNNING, ignore_errors=True)


def _part(file: Path) -> str:
    """Which part of the result an engine's file is ("stage_2"), see `workflow.save_to`; "" for the result itself."""
    return re.sub(r"_\d+_$", "", file.stem.partition(".")[2])
