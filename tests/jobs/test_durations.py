"""Time left: only from earlier runs, phase by phase, at this run's own pace."""

from events import Phase
from jobs.work.durations import left

LABELS = ["Load", "Sample", "Write"]
RUNS = [{"Load": 2.0, "Sample": seconds, "Write": 1.0} for seconds in (9.0, 10.0, 30.0)]


def phase(index: int, step: int = 0, steps: int = 0) -> Phase:
    return Phase(index, len(LABELS), LABELS[index], step, steps)


def test_no_estimate_is_given_without_earlier_runs_of_that_kind() -> None:
    assert left([], LABELS, None, 0.0) is None


def test_before_the_first_stage_it_is_the_usual_time_of_all() -> None:
    assert left(RUNS, LABELS, None, 0.0) == 13.0


def test_a_stage_without_steps_counts_down_and_never_below_zero() -> None:
    assert left(RUNS, LABELS, phase(0), 0.5) == 12.5
    assert left(RUNS, LABELS, phase(0), 60.0) == 11.0


def test_the_rest_of_a_phase_is_estimated_from_the_pace_of_its_steps() -> None:
    assert left(RUNS, LABELS, phase(1, 4, 8), 40.0) == 41.0
