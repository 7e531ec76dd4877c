"""Reads a mode's parameters as people write them in tables, sidecars and lists."""

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from errors import InvalidInputError
from jobs.submit.reading import parse_json, quoted
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
