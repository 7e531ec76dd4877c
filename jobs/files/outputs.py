"""Names finished files and moves them from the engine to outputs/<day>/<words of the prompt>_<seed>.<suffix>."""

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

RUNNING = "running"
"""The folder in the outputs folder that engines write to."""


class Outputs:
    """Hold `lock` from `choose` until the files have been moved, so that no name is chosen twice."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.outputs_dir
        self.lock = threading.Lock()

    def choose(self, files: Iterable[Path], mode: str, values: Mapping[str, Any], seed: str) -> list[list[str]]:
        """[from, to] for each file, the result before its parts. None of the targets exists."""
        day = self.folder / datetime.now().strftime("%Y-%m-%d")
        words = re.sub(r"[^a-z0-9]+", "-", str(values.get("prompt", "")).lower()).strip("-")
        stem = f"{words[:60].rstrip('-') or mode}_{seed}"
        chosen: set[Path] = set()
        moves = []
        for file in sorted(files, key=lambda file: (len(_part(file)), file.name)):
            name = "_".join(filter(None, (stem, _part(file))))
            candidates = itertools.chain([name], (f"{name}__{number}" for number in itertools.count(2)))
            targets = (day / f"{each}{file.suffix}" for each in candidates)
            target = next(each for each in targets if each not in chosen and not each.exists())
            chosen.add(target)
            moves.append([str(file), str(target)])
        return moves

    def move(self, moves: list[list[str]]) -> list[str]:
        """Moves each file atomically: it is either still at its source or whole at its target. Returns the targets."""
        for source, target in moves:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(source).replace(target)
        return [target for _, target in moves]

    def finish(self, moves: list[list[str]]) -> list[str] | None:
        """Finishes the moves that a crash interrupted; None where a file is lost, so that the task has to run again.

        A file that is not at its source any more was moved. One at both places was not: the target is another file.
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
        """Deletes outputs that are older than `hours` and logs each."""
        oldest = time.time() - hours * 3600
        for file in sorted(self.folder.glob("*-*-*/*")):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
                logger.info("Removed %s, which was older than %g hours", file, hours)

    def remove_unfinished(self) -> None:
        """Removes what engines left unfinished. Call it only while no engine of this folder runs."""
        shutil.rmtree(self.folder / RUNNING, ignore_errors=True)


def _part(file: Path) -> str:
    """Which part of the result an engine's file is ("stage_2"), see `workflow.save_to`; "" for the result itself."""
    return re.sub(r"_\d+_$", "", file.stem.partition(".")[2])
