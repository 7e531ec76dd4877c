"""Reads a mode's parameters as people write them in tables, sidecars and lists."""

import difflib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from modes import InvalidParamsError, Mode, Parameter, lists
from modes.media_info import MEDIA


class ColumnMap:
    """Finds a mode's parameters by name or label, in any case, with spaces and hyphens as underscores.

    `reserved` parameters may not be given, because the batch's files go into them.
    """

    def __init__(self, mode: Mode, reserved: Collection[str] = ()) -> None:
        parameters = mode.parameters()
        self.media = mode.media
        self.mode = mode
        self._reserved = reserved
        # A name wins over another parameter's label: “sound” is the switch, not the file labelled Sound.
        self._known = {_plain(each.label): each for each in parameters} | {each.name: each for each in parameters}

    def find(self, name: str) -> Parameter:
        """Raises InvalidInputError for a name that may not be given."""
        parameter = self._known.get(_plain(name))
        if parameter is None:
            near = difflib.get_close_matches(_plain(name[:100]), self._known, 1)
            hint = f" Did you mean {quoted(self._known[near[0]].name)}?" if near else ""
            raise InvalidInputError(f"{self.mode.label} has no parameter {quoted(name)}.{hint}", name)
        if parameter.name in self._reserved:
            raise InvalidInputError(f"{parameter.label} already comes from the files of this batch.", parameter.name)
        return parameter

    def values(self, given: Mapping[str, Any], folder: Path | None = None) -> dict[str, Any]:
        """The values by parameter, without those that are None. Relative media are below `folder`, if there is one.

        Raises InvalidParamsError with one sentence for each name at fault.
        """
        values: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for name, value in given.items():
            try:
                parameter = self.find(name)
                if parameter.name in values:
                    raise InvalidInputError(f"{parameter.label} is given twice.", parameter.name)
                if value is not None:
                    values[parameter.name] = self.value(parameter, value, folder)
            except InvalidInputError as error:
                wrong[error.field] = error.message
        if wrong:
            raise InvalidParamsError(wrong)
        return values

    def value(self, parameter: Parameter, value: Any, folder: Path | None = None) -> Any:
        """The value as the mode takes it. Raises InvalidInputError for a list that cannot be read."""
        if parameter.widget in lists.LIST_KINDS and isinstance(value, str):
            return _listed(parameter, value)
        if parameter.widget in MEDIA and isinstance(value, str) and folder is not None:
            return str(folder / value)
        return value


def problem(where: str, field: str, message: str) -> Problem:
    """A Problem whose text can be stored: names of files need not be UTF-8."""
    return Problem(where=storable(where), field=storable(field)[:200], message=storable(message))


def problems_of(where: str, error: InvalidInputError | InvalidParamsError) -> list[Problem]:
    fields = error.fields if isinstance(error, InvalidParamsError) else {error.field: error.message}
    return [problem(where, field, message) for field, message in fields.items()]


def storable(text: str) -> str:
    return text.encode(errors="replace").decode()


def quoted(value: Any) -> str:
    return f"“{shortened(value)}”"


def shortened(value: Any) -> str:
    """The value as text, on one line of at most 40 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text[:1000].split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def read_text(file: Path, most: int) -> str:
    """The text of a UTF-8 file of at most `most` bytes, with or without a byte order mark. Raises InvalidInputError."""
    try:
        if file.exists() and not file.is_file():
            raise InvalidInputError("This is not a file.")
        if file.stat().st_size > most:
            raise InvalidInputError(f"The file is larger than {most / 1e6:g} MB.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError("This is not UTF-8 text. Save it as UTF-8 and try again.") from None
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file {file}.") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise InvalidInputError(f"The file cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def parse_json(text: str) -> Any:
    """Raises InvalidInputError, also for JSON that is nested too deeply or has a number that is too long."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        raise InvalidInputError(f"Not valid JSON: {error.msg}, {place}.") from None
    except (ValueError, RecursionError):
        raise InvalidInputError("Not valid JSON: nested too deeply, or a number is too long.") from None


def as_object(value: Any) -> dict[str, Any]:
    """Raises InvalidInputError for anything else."""
    if not isinstance(value, dict):
        raise InvalidInputError('Expected a JSON object of parameters, for example {"seed": 1}.')
    return value


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _listed(parameter: Parameter, text: str) -> list[Any]:
    """The elements of “file:0.8; other:1” or of a JSON list."""
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(";") if part.strip()]
    try:
        return parse_json(text)
    except InvalidInputError as error:
        message = f"{parameter.label}: write “file:0.8; other:1” or a JSON list. {error.message}"
        raise InvalidInputError(message, parameter.name) from None
