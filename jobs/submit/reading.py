"""Reads text and JSON that people give, and words what is wrong with it."""

import json
from pathlib import Path
from typing import Any

from errors import InvalidInputError, Problem
from modes import InvalidParamsError


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
