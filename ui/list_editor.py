"""The editor of a list parameter, such as LoRAs or the segments of a long video."""

from collections.abc import Iterable, Mapping
from typing import Any

import gradio as gr
from pydantic_core import PydanticUndefined

from modes import Parameter, lists
from ui.fields import field_id
from ui.scripts import on_load


class ListEditor:
    """To be made inside a `gr.Blocks`, in the place of one parameter.

    `field` has the list as its value: one object per list item. `static/form/list_editor.js` draws it, and writes what
    a person enters back into the value.
    """

    def __init__(self, parameter: Parameter) -> None:
        self._kind = lists.LIST_KINDS[parameter.widget]
        self._least = int(parameter.minimum or 0)
        self.field = gr.HTML(
            self.shown(parameter.default),
            html_template=f'<div class="k-rows" data-rows="{parameter.name}"></div>',
            js_on_load=on_load("form/list_editor.js"),
            elem_id=field_id(parameter),
            columns=list(self._columns().values()),
            least=self._least,
            most=int(parameter.maximum or 0),
            add=self._kind.add,
        )

    def values(self, shown: Any) -> list[dict[str, Any]]:
        """The list items in the field's value: those that name a file or, where none could, that are not empty."""
        items = [item for item in shown or [] if isinstance(item, dict)]
        files = [name for name, column in self._columns().items() if column["kind"] == "file"]
        if files:
            return [item for item in items if any(item.get(name) for name in files)]
        return items if any(value for item in items for value in item.values()) else []

    def shown(self, values: Iterable[Mapping[str, Any] | lists.ListItem] | None) -> list[dict[str, Any]]:
        """The field's value for these list items, with empty ones where the mode takes no fewer."""
        items = [item.model_dump() if isinstance(item, lists.ListItem) else dict(item) for item in values or ()]
        empty = {name: column["default"] for name, column in self._columns().items()}
        return items + [empty] * (self._least - len(items))

    def _columns(self) -> dict[str, dict[str, Any]]:
        """The fields of a list item by name, as list_editor.js reads them."""
        found = {}
        for name, info in self._kind.item.model_fields.items():
            assert isinstance(info.json_schema_extra, dict)
            kind = info.json_schema_extra["cell"]
            default = "" if info.default in (PydanticUndefined, None) else info.default
            found[name] = {"name": name, "label": info.title, "kind": kind, "default": default}
        return found
