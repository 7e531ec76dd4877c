"""Timing is the benchmark's own affair; here only that it starts, and what counts as reached."""

import subprocess
import sys

import pytest

from settings import PROJECT
from tools.measure.figures import Figure, Machine, markdown


def test_bench_explains_itself() -> None:
    command = [sys.executable, "tools/bench.py", "--help"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "--json" in result.stdout
    assert "--markdown" in result.stdout


@pytest.mark.parametrize(
    ("value", "target", "ok"), [(1.1, 1.1, True), (1.11, 1.1, False), (0, 0, True), (1, 0, False), (9, None, True)]
)
def test_a_figure_is_reached_up_to_its_target(value: float, target: float | None, ok: bool) -> None:
    assert Figure("a", value, "x", target).ok is ok


def test_a_missed_figure_is_marked_in_the_document() -> None:
    text = markdown([Figure("page served", 0.7, "x", 0.5), Figure("ready", 6, "s")], Machine("2025-01-01", "CPU", {}))
    assert "| page served | 0.70 x | ≤ 0.50 x | NO |  |" in text
    assert "| ready | 6.00 s |  |  |  |" in text
