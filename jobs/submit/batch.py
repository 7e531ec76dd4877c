"""Expands a batch: every combination of its files, its table's rows and its grid is an entry."""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from jobs.submit.columns import ColumnMap
from jobs.submit.files import read_files
from jobs.submit.reading import problem, problems_of, shortened, storable
from jobs.submit.tables import EntryValues, read_rows, table_records
from jobs.types import MAX_TASKS, Batch, Submission
from modes import Mode, Parameter
from modes.media_info import MEDIA


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """One entry of a batch.

    `label` is for people: "kite.png, seed 3", "clips.csv line 7", or "" where there is no batch. `values` are all of
    the mode's parameters that are given, not validated yet.
    """

    label: str
    values: dict[str, Any]


def expand(mode: Mode, submission: Submission, most: int = MAX_TASKS) -> tuple[list[BatchEntry], list[Problem]]:
    """Every entry that can be read, and what is wrong with the others. Files change slowest, the grid's last parameter
    fastest. Where there would be more than `most` entries there is none, and one problem that says so.
    """
    batch = submission.batch or Batch()
    problems: list[Problem] = []
    factors: list[list[EntryValues]] = []
    counts: list[int] = []
    files, reserved = read_files(batch, ColumnMap(mode), problems)
    if batch.folder or batch.files:
        factors.append(files)
        counts.append(len(files))
    column_map = ColumnMap(mode, reserved)
    if batch.table or batch.rows:
        rows, count = _rows(batch, column_map, problems, most)
        factors.append(rows)
        counts.append(count)
    total = math.prod(counts) * math.prod(len(values) for values in batch.grid.values())
    if total > most:
        text = f"This batch would make {total:,} tasks; a job can have at most {most:,}. Submit it in parts."
        return [], [problem("", "batch", text)]
    factors += _grid(batch.grid, column_map, problems)
    return [_combined(submission.values, parts) for parts in itertools.product(*factors)], problems


def _rows(batch: Batch, column_map: ColumnMap, problems: list[Problem], most: int) -> tuple[list[EntryValues], int]:
    """The first `most` rows of the table and of the submission itself, and how many there are."""
    parts: list[EntryValues] = []
    count = 0
    if batch.table:
        parts, count = read_rows(table_records(batch.table, column_map), column_map, problems, most, batch.table.parent)
    given = ((f"row {number}", row) for number, row in enumerate(batch.rows, start=1))
    more, more_count = read_rows(given, column_map, problems, most)
    return parts + more, count + more_count


def _grid(grid: dict[str, list[Any]], column_map: ColumnMap, problems: list[Problem]) -> list[list[EntryValues]]:
    """The values of each parameter. One that cannot be used has none, so that no entry is made without it."""
    axes: dict[str, list[EntryValues]] = {}
    for name, values in grid.items():
        try:
            parameter = column_map.find(name)
            if parameter.name in axes:
                raise InvalidInputError(f"{parameter.label} is given twice.", parameter.name)
            if not values:
                raise InvalidInputError(f"{parameter.label} has no values.", parameter.name)
            axes[parameter.name] = [
                (_axis_label(parameter, value), {parameter.name: column_map.value(parameter, value)})
                for value in values
            ]
        except InvalidInputError as error:
            problems += problems_of("grid", error)
            axes[error.field] = []
    return list(axes.values())


def _axis_label(parameter: Parameter, value: Any) -> str:
    shown = Path(value).name if parameter.widget in MEDIA and isinstance(value, str | Path) else value
    return storable(f"{parameter.name} {shortened(shown)}")


def _combined(values: dict[str, Any], parts: tuple[EntryValues, ...]) -> BatchEntry:
    label = ", ".join(name for name, _ in parts)
    return BatchEntry(label, values | {key: value for _, given in parts for key, value in given.items()})
