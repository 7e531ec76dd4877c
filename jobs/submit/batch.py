"""A batch becomes rows: its files, its table's rows and its grid, each with each, as values of one mode."""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from jobs.submit.columns import Fields, problem, problems_of, shortened, storable
from jobs.submit.files import read_files
from jobs.submit.tables import Part, read_rows, table_records
from jobs.types import MAX_TASKS, Batch, Submission
from modes import Mode, Parameter
from modes.media_info import MEDIA


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a batch.

    `label` is for people: "kite.png, seed 3", "clips.csv line 7", or "" where there is no batch. `values` are all of
    the mode's parameters that are given, not validated yet.
    """

    label: str
    values: dict[str, Any]


def expand(mode: Mode, submission: Submission, most: int = MAX_TASKS) -> tuple[list[Row], list[Problem]]:
    """Every row that can be read, files slowest and the grid's last parameter fastest, and what is wrong with the rest.

    More than `most` rows are none, and one problem that says so.
    """
    batch = submission.batch or Batch()
    problems: list[Problem] = []
    factors: list[list[Part]] = []
    counts: list[int] = []
    files, taken = read_files(batch, Fields(mode), problems)
    if batch.folder or batch.files:
        factors.append(files)
        counts.append(len(files))
    fields = Fields(mode, taken)
    if batch.table or batch.rows:
        rows, count = _rows(batch, fields, problems, most)
        factors.append(rows)
        counts.append(count)
    total = math.prod(counts) * math.prod(len(values) for values in batch.grid.values())
    if total > most:
        text = f"This batch would be {total:,} clips; one job has at most {most:,}. Submit a part of it at a time."
        return [], [problem("", "batch", text)]
    factors += _grid(batch.grid, fields, problems)
    return [_combined(submission.values, parts) for parts in itertools.product(*factors)], problems


def _rows(batch: Batch, fields: Fields, problems: list[Problem], most: int) -> tuple[list[Part], int]:
    """The first `most` rows of the table and of the submission itself, and how many there are."""
    parts: list[Part] = []
    count = 0
    if batch.table:
        parts, count = read_rows(table_records(batch.table, fields), fields, problems, most, batch.table.parent)
    given = ((f"row {number}", row) for number, row in enumerate(batch.rows, start=1))
    more, more_count = read_rows(given, fields, problems, most)
    return parts + more, count + more_count


def _grid(grid: dict[str, list[Any]], fields: Fields, problems: list[Problem]) -> list[list[Part]]:
    """An axis for each parameter; one that cannot be used has no values, so that nothing is made without it."""
    axes: dict[str, list[Part]] = {}
    for name, values in grid.items():
        try:
            parameter = fields.find(name)
            if parameter.name in axes:
                raise InvalidInputError(f"{parameter.label} is given twice.", parameter.name)
            if not values:
                raise InvalidInputError(f"{parameter.label} has no values.", parameter.name)
            axes[parameter.name] = [
                (_axis_label(parameter, value), {parameter.name: fields.value(parameter, value)}) for value in values
            ]
        except InvalidInputError as error:
            problems += problems_of("grid", error)
            axes[error.field] = []
    return list(axes.values())


def _axis_label(parameter: Parameter, value: Any) -> str:
    shown = Path(value).name if parameter.widget in MEDIA and isinstance(value, str | Path) else value
    return storable(f"{parameter.name} {shortened(shown)}")


def _combined(values: dict[str, Any], parts: tuple[Part, ...]) -> Row:
    label = ", ".join(name for name, _ in parts)
    return Row(label, values | {key: value for _, given in parts for key, value in given.items()})
