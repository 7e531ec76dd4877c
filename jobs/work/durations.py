"""How long earlier runs took, phase by phase: the time left is estimated from nothing else."""

import statistics
import time
from collections.abc import Mapping, Sequence

from events import Phase


class PhaseClock:
    """Measures the phases of one run."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._label: str | None = None
        self._since = time.monotonic()

    def phase(self, label: str) -> None:
        """Begins a phase, unless it is the current one."""
        if label != self._label:
            self._close()
            self._label = label

    def stop(self) -> dict[str, float]:
        """Ends the current phase. Returns the seconds of each, by label."""
        self._close()
        return self._seconds

    def _close(self) -> None:
        now = time.monotonic()
        if self._label is not None:
            self._seconds[self._label] = self._seconds.get(self._label, 0.0) + now - self._since
        self._since = now


def left(
    runs: Sequence[Mapping[str, float]], labels: Sequence[str], phase: Phase | None, in_phase: float
) -> float | None:
    """Seconds left of a run that has been in `phase` for `in_phase` seconds; None without earlier `runs`."""
    if not runs:
        return None
    usual = [statistics.median(run.get(label, 0.0) for run in runs) for label in labels]
    if phase is None:
        return sum(usual)
    if phase.step > 1:  # this run's own pace, once its first step has loaded the weights
        rest = in_phase / phase.step * (phase.steps - phase.step)
    else:
        rest = max(0.0, usual[phase.index] - in_phase)
    return rest + sum(usual[phase.index + 1 :])
