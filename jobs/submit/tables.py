"""Reads a batch's table: CSV or JSON lines, whose columns are a mode's parameters.

A problem with a row leaves out that row; a problem with a column leaves out that column.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from jobs.submit.columns import ColumnMap
from jobs.submit.reading import as_object, parse_json, problem, problems_of, quoted, read_text, storable
from modes import InvalidParamsError

MAX_BYTES = 20_000_000
MAX_PROBLEMS = 10_000
SUFFIXES = (".csv", ".jsonl", ".ndjson", ".json")
DELIMITERS = (",", ";", "\t")

EntryValues = tuple[str, dict[str, Any]]
"""Part of an entry: its label, and values by parameter."""


def read_rows(
    records: Iterable[EntryValues | Problem],
    column_map: ColumnMap,
    problems: list[Problem],
    most: int,
    folder: Path | None = None,
) -> tuple[list[EntryValues], int]:
    """The first `most` good rows, and how many good ones there are; `problems` gets what is wrong with the others."""
    parts: list[EntryValues] = []
    more = 0
    for record in records:
        if len(problems) >= MAX_PROBLEMS:
            problems.append(problem(problems[-1].where, "table", "There are too many problems; the rest was not read."))
            break
        if isinstance(record, Problem):
            problems.append(record)
        elif len(parts) == most:
            more += 1
        else:
            where, given = record
            try:
                parts.append((where, column_map.values(given, folder)))
            except InvalidParamsError as error:
                problems += problems_of(where, error)
    return parts, len(parts) + more


def table_records(table: Path, column_map: ColumnMap) -> Iterator[EntryValues | Problem]:
    """The table's rows, and problems in their places."""
    name = storable(table.name)
    suffix = table.suffix.lower()
    try:
        if suffix not in SUFFIXES:
            raise InvalidInputError(f"A table is a file that ends in {', '.join(SUFFIXES)}.")
        text = read_text(table, MAX_BYTES)
        in_array = suffix == ".json" and text.lstrip().startswith("[")
        array = parse_json(text) if in_array else None
    except InvalidInputError as error:
        yield problem(name, "table", error.message)
        return
    if suffix == ".csv":
        records = _csv_records(name, text, column_map)
    elif array is not None:
        records = _json_records(name, "row", array, column_map)
    else:
        records = _json_records(name, "line", io.StringIO(text), column_map)
    empty = True
    for record in records:
        empty = False
        yield record
    if empty:
        yield problem(name, "table", "The table contains no rows.")


def _csv_records(name: str, text: str, column_map: ColumnMap) -> Iterator[EntryValues | Problem]:
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True, skipinitialspace=True)
    columns: list[str | None] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield problem(f"{name} line {line}", "table", f"This row cannot be read: {error}. Are all quotes closed?")
            if not columns or reader.line_num > line:
                return  # where the next row begins cannot be told any more
            continue
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells:
            continue
        where = f"{name} line {line}"
        if not columns:
            for number, cell in enumerate(cells, start=1):
                column = _column(name, cell, column_map) if cell.strip() else _unnamed(name, number)
                if isinstance(column, str) and column in columns:
                    column = problem(
                        name, column, f"The column {quoted(cell)} appears twice; only the first one is used."
                    )
                columns.append(column if isinstance(column, str) else None)
                if isinstance(column, Problem):
                    yield column
        elif len(cells) > len(columns):
            yield problem(where, "table", f"This row has {len(cells)} cells, but the header has {len(columns)}.")
        else:
            pairs = zip(columns, cells, strict=False)
            yield where, {column: cell for column, cell in pairs if column and cell.strip()}


def _json_records(
    name: str, kind: str, entries: Iterable[Any], column_map: ColumnMap
) -> Iterator[EntryValues | Problem]:
    """The rows of a list of objects, or of lines with an object each. `kind` is what people call an entry."""
    columns: dict[str, str | None] = {}
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, str) and not entry.strip():
            continue
        where = f"{name} {kind} {number}"
        try:
            given = as_object(parse_json(entry) if isinstance(entry, str) else entry)
        except InvalidInputError as error:
            yield problem(where, "table", error.message)
            continue
        for key in given:
            if key not in columns:
                column = _column(name, key, column_map)
                columns[key] = column if isinstance(column, str) else None
                if isinstance(column, Problem):
                    yield column
        yield where, {key: value for key, value in given.items() if columns[key]}


def _delimiter(text: str) -> str:
    """The delimiter that splits the header into the most cells."""

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(text.lstrip("\n")), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells)


def _column(table: str, name: str, column_map: ColumnMap) -> str | Problem:
    try:
        return column_map.find(name).name
    except InvalidInputError as error:
        return problem(table, error.field, error.message)


def _unnamed(table: str, number: int) -> Problem:
    return problem(table, "table", f"Column {number} has no name.")
