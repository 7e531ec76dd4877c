"""How long earlier runs took, stage by stage: the only ground on which time left is announced."""

import json
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from events import Stage

KEPT = 8  # runs a key


class StageClock:
    """Measures the stages of one run."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._label: str | None = None
        self._since = time.monotonic()

    def stage(self, label: str) -> None:
        """This stage runs now."""
        if label != self._label:
            self._close()
            self._label = label

    def stop(self) -> dict[str, float]:
        """Seconds by label."""
        self._close()
        return self._seconds

    def _close(self) -> None:
        now = time.monotonic()
        if self._label is not None:
            self._seconds[self._label] = self._seconds.get(self._label, 0.0) + now - self._since
        self._since = now


class Timings:
    """Stage times of the last runs by key (mode, preset, device, size class), kept in a JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._runs: dict[str, list[dict[str, float]]] = {}
        if file.exists():
            try:
                self._runs = json.loads(file.read_text())
            except ValueError:  # cut off by a crash; it is only experience and comes again
                file.unlink()

    def record(self, key: str, stages: Mapping[str, float]) -> None:
        with self._lock:
            self._runs[key] = [*self._runs.get(key, []), dict(stages)][-KEPT:]
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial = self._file.with_suffix(".partial")
            partial.write_text(json.dumps(self._runs))
            partial.replace(self._file)

    def left(self, key: str, labels: Sequence[str], stage: Stage | None, in_stage: float) -> float | None:
        """Seconds left of a run that is in `stage` since `in_stage` seconds; None without earlier runs."""
        with self._lock:
            runs = self._runs.get(key)
        if not runs:
            return None
        usual = [statistics.median(run.get(label, 0.0) for run in runs) for label in labels]
        if stage is None:
            return sum(usual)
        current = usual[stage.index]
        if stage.step > 1:  # this run's own pace; its first step still loads weights
            rest = in_stage / stage.step * (stage.steps - stage.step)
        else:
            rest = max(0.0, current - in_stage)
        return rest + sum(usual[stage.index + 1 :])
