"""A list of rows in the form: a hidden field with the rows as JSON, and an editor drawn by rows.js."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import gradio as gr
from gradio.components import Component
from pydantic_core import PydanticUndefined

from modes import Parameter, lists


class RowEditor:
    """To be made inside a `gr.Blocks`, in the place of one parameter."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        name = parameter.name
        self._fewest = int(parameter.minimum or 0)
        start = self._at_least(parameter.default or ())
        self._field = gr.Textbox(_as_json(start), elem_id=f"field-{name}", elem_classes="k-hidden", show_label=False)
        self._editor = gr.HTML(self._html(start))

    @property
    def components(self) -> list[Component]:
        """The field, whose value handlers get, and the editor."""
        return [self._field, self._editor]

    def values(self, text: str | None) -> list[dict[str, Any]]:
        """The rows in a field's value, without those that choose no file; none where nothing is filled in yet."""
        files = [name for name, info in self._columns().items() if info["kind"] == "file"]
        found = json.loads(text or "[]")
        if files:
            return [row for row in found if any(row[name] for name in files)]
        return found if any(value for row in found for value in row.values()) else []

    def updates(self, values: Iterable[Mapping[str, Any] | lists.ListItem] | None) -> list[Any]:
        """Updates for `components` that show these rows."""
        shown = self._at_least(values or ())
        return [gr.update(value=_as_json(shown)), gr.update(value=self._html(shown))]

    def _at_least(self, values: Iterable[Mapping[str, Any] | lists.ListItem]) -> list[dict[str, Any]]:
        """As plain rows, with empty ones where there must be more."""
        shown = [row.model_dump() if isinstance(row, lists.ListItem) else dict(row) for row in values]
        empty = {name: column["default"] for name, column in self._columns().items()}
        return shown + [empty] * (self._fewest - len(shown))

    def _html(self, shown: list[dict[str, Any]]) -> str:
        kind = lists.LIST_KINDS[self._parameter.widget]
        facts = {
            "rows": self._parameter.name,
            "columns": json.dumps(list(self._columns().values())),
            "value": _as_json(shown),
            "least": self._fewest,
            "most": int(self._parameter.maximum or 0),
            "add": kind.add,
        }
        written = " ".join(f'data-{name}="{escape(str(value), quote=True)}"' for name, value in facts.items())
        return f'<div class="k-rows" {written}></div>'

    def _columns(self) -> dict[str, dict[str, Any]]:
        """Of a row, by name, as rows.js reads them."""
        found = {}
        for name, info in lists.LIST_KINDS[self._parameter.widget].item.model_fields.items():
            assert isinstance(info.json_schema_extra, dict)
            kind = info.json_schema_extra["cell"]
            default = "" if info.default in (PydanticUndefined, None) else info.default
            found[name] = {"name": name, "label": info.title, "kind": kind, "default": default}
        return found


def _as_json(shown: list[dict[str, Any]]) -> str:
    return json.dumps(shown)
