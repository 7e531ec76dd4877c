"""Time left: only from earlier runs, stage by stage, at this run's own pace."""

from pathlib import Path

import pytest

from events import Stage
from timings import Timings

LABELS = ["Load", "Sample", "Write"]


def stage(index: int, step: int = 0, steps: int = 0) -> Stage:
    return Stage(index, len(LABELS), LABELS[index], step, steps)


@pytest.fixture
def timings(tmp_path: Path) -> Timings:
    timings = Timings(tmp_path / "home" / "timings.json")
    for seconds in (9.0, 10.0, 30.0):
        timings.record("t2v/fast", {"Load": 2.0, "Sample": seconds, "Write": 1.0})
    return timings


def test_nothing_is_told_without_earlier_runs_of_that_kind(timings: Timings) -> None:
    assert timings.left("t2v/quality", LABELS, None, 0.0) is None


def test_before_the_first_stage_it_is_the_usual_time_of_all(timings: Timings) -> None:
    assert timings.left("t2v/fast", LABELS, None, 0.0) == 13.0


def test_a_stage_without_steps_counts_down_and_never_below_zero(timings: Timings) -> None:
    assert timings.left("t2v/fast", LABELS, stage(0), 0.5) == 12.5
    assert timings.left("t2v/fast", LABELS, stage(0), 60.0) == 11.0


def test_a_stage_with_steps_goes_on_at_this_runs_pace(timings: Timings) -> None:
    assert timings.left("t2v/fast", LABELS, stage(1, 4, 8), 40.0) == 41.0


def test_what_was_learned_survives_a_restart_and_a_damaged_file_is_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "timings.json"
    Timings(file).record("a", {"Load": 2.0})
    assert Timings(file).left("a", ["Load"], None, 0.0) == 2.0
    file.write_text('{"a": [')
    assert Timings(file).left("a", ["Load"], None, 0.0) is None
