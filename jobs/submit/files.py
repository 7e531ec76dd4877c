"""Finds a batch's media files, the parameter that takes each, and their values in sidecars and overrides."""

import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from jobs.submit.columns import ColumnMap
from jobs.submit.reading import as_object, parse_json, problem, problems_of, quoted, read_text, storable
from jobs.submit.tables import EntryValues
from jobs.types import Batch
from media.kinds import READABLE
from modes import InvalidParamsError, Parameter

MAX_SIDECAR_BYTES = 1_000_000
SIDECARS = (".json", ".txt")  # in this order: if both give a prompt, the .txt file wins
MEDIA_SUFFIXES = frozenset[str]().union(*READABLE.values())
WORDS = {"image": "an image", "audio": "a sound", "video": "a video"}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file and its sidecars, a later one of which wins."""

    path: Path
    sidecars: list[Path]


def read_files(batch: Batch, column_map: ColumnMap, problems: list[Problem]) -> tuple[list[EntryValues], set[str]]:
    """The values of each usable file under its name, and the parameters that files go into."""
    source = "folder" if batch.folder else "files"
    if not column_map.media and (batch.folder or batch.files or batch.overrides):
        problems.append(problem(source, source, f"{column_map.mode.label} takes no files."))
        return [], set()
    try:
        target = _chosen_parameter(batch.into, column_map) if batch.into is not None else None
    except InvalidInputError as error:
        problems += problems_of("into", error)
        return [], set()
    files = (_in_folder(batch.folder, problems) if batch.folder else []) + _given(batch.files, problems)
    parts: list[EntryValues] = []
    reserved: set[str] = set()
    for file in files:
        try:
            parameter = _parameter(file.path, target, column_map)
        except InvalidInputError as error:
            problems += problems_of(file.path.name, error)
            continue
        reserved.add(parameter.name)
        values, wrong = _values(file, batch.overrides, column_map)
        problems += wrong
        if not wrong:
            parts.append((file.path.name, values | {parameter.name: str(file.path)}))
    names = {name for file in files for name in (file.path.name, file.path.stem)}
    unused = (key for key in batch.overrides if key not in names)
    problems += [problem(key, "overrides", "No file of this batch has this name.") for key in unused]
    return parts, reserved


def _natural_sort_key(name: str) -> tuple[list[str | int], str]:
    """A key to sort by as people do: kite2 before kite10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold())], name


def _in_folder(folder: Path, problems: list[Problem]) -> list[MediaFile]:
    try:
        inside = [file for file in folder.iterdir() if not file.name.startswith(".") and not file.is_dir()]
        message = "The folder contains no image, sound or video."
    except FileNotFoundError:
        inside, message = [], f"There is no folder {folder}."
    except NotADirectoryError:
        inside, message = [], "This is a file, not a folder."
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        inside, message = [], f"The folder cannot be read: {getattr(error, 'strerror', None) or error}."
    sidecars = {(file.stem, suffix): file for file in inside if (suffix := file.suffix.lower()) in SIDECARS}
    media = sorted(
        (file for file in inside if _suffix(file) in MEDIA_SUFFIXES), key=lambda file: _natural_sort_key(file.name)
    )
    if not media:
        problems.append(problem(folder.name or str(folder), "folder", message))
    return [
        MediaFile(file, [sidecars[file.stem, suffix] for suffix in SIDECARS if (file.stem, suffix) in sidecars])
        for file in media
    ]


def _given(files: list[Path], problems: list[Problem]) -> list[MediaFile]:
    """The media files in their order. Sidecars may be in any folder: each upload of a browser has one of its own."""
    media = [file for file in files if _suffix(file) in MEDIA_SUFFIXES]
    sidecars = [file for file in files if _suffix(file) in SIDECARS]
    stems = {file.stem for file in media}
    for file in files:
        if _suffix(file) in SIDECARS and file.stem not in stems:
            problems.append(
                problem(file.name, "files", f"No image, sound or video named {quoted(file.stem)} goes with this file.")
            )
        elif _suffix(file) not in MEDIA_SUFFIXES | {*SIDECARS}:
            problems.append(problem(file.name, "files", "This is not an image, sound or video in a known format."))
    beside = {file.with_suffix(_suffix(file)): file for file in sidecars}
    anywhere = {(file.stem, _suffix(file)): file for file in sidecars}

    def sidecar(file: Path, suffix: str) -> Path | None:
        neighbour = file.with_suffix(suffix)
        found = beside.get(neighbour) or anywhere.get((file.stem, suffix))
        return found or (neighbour if os.path.isfile(neighbour) else None)

    return [MediaFile(file, [found for each in SIDECARS if (found := sidecar(file, each))]) for file in media]


def _chosen_parameter(name: str, column_map: ColumnMap) -> Parameter:
    """The parameter that a person chose for the files. Raises InvalidInputError for one that takes no files."""
    parameter = column_map.find(name)
    if parameter not in column_map.media:
        names = ", ".join(each.name for each in column_map.media)
        raise InvalidInputError(
            f"{parameter.label} takes no files. In {column_map.mode.label} these do: {names}.", "into"
        )
    return parameter


def _parameter(file: Path, target: Parameter | None, column_map: ColumnMap) -> Parameter:
    """The parameter that takes this file. Raises InvalidInputError."""
    if storable(str(file)) != str(file):
        raise InvalidInputError("The file's path is not valid UTF-8. Rename it.", "files")
    kinds = [kind for kind, suffixes in READABLE.items() if _suffix(file) in suffixes]  # a GIF is an image first
    if target and target.widget not in kinds:
        raise InvalidInputError(f"{target.label} takes {WORDS[target.widget]}; this is {WORDS[kinds[0]]}.", target.name)
    fitting = [each for kind in kinds for each in column_map.media if each.widget == kind]
    if not fitting:
        takes = " or ".join(WORDS[kind] for kind in READABLE if kind in {each.widget for each in column_map.media})
        raise InvalidInputError(f"{column_map.mode.label} takes {takes}; this is {WORDS[kinds[0]]}.", "files")
    return target or fitting[0]


def _values(
    file: MediaFile, overrides: dict[str, dict[str, Any]], column_map: ColumnMap
) -> tuple[dict[str, Any], list[Problem]]:
    steps = [(sidecar.name, partial(_sidecar_values, sidecar, column_map)) for sidecar in file.sidecars]
    keys = [key for key in (file.path.stem, file.path.name) if key in overrides]
    steps += [(file.path.name, partial(column_map.values, overrides[key])) for key in keys]
    values: dict[str, Any] = {}
    wrong: list[Problem] = []
    for where, step in steps:
        try:
            values |= step()
        except (InvalidInputError, InvalidParamsError) as error:
            wrong += problems_of(where, error)
    return values, wrong


def _sidecar_values(sidecar: Path, column_map: ColumnMap) -> dict[str, Any]:
    text = read_text(sidecar, MAX_SIDECAR_BYTES)
    if _suffix(sidecar) == ".txt":
        return column_map.values({"prompt": text.strip() or None})
    return column_map.values(as_object(parse_json(text)), sidecar.parent)


def _suffix(file: Path) -> str:
    return file.suffix.lower()
