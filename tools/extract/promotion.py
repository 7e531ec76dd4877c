"""The values that a subgraph instance holds for widgets inside it.

Facts from the official frontend 1.47.12 (SubgraphNode.ts, proxyWidgetMigration.ts). Today an instance saves one value
for each input that feeds a widget. Older files list [inner node, widget] pairs in `properties.proxyWidgets`, with the
values in that order; such a pair gets an input of its own where none feeds its widget yet.
"""

import re
from dataclasses import replace
from typing import Any

from tools.extract.graph import INPUT_NODE, Link, Node
from tools.extract.widgets import Slot, Widget

_PREFIX = re.compile(r"\s*(\d+)\s*:\s*(.+)", re.DOTALL)


class Promotion:
    """Sets the values of one instance, `host`, from what the template saved of it."""

    def __init__(self, host: Node, saved: dict[str, Any]) -> None:
        assert host.body is not None
        self.host = host
        self.body = host.body
        self.properties = saved.get("properties") or {}
        values = saved.get("widgets_values")
        self.values: list[Any] = values if isinstance(values, list) else []
        self.named: dict[str, Any] = saved.get("widgets_values_named") or {}

    def apply_values(self) -> None:
        """A value is found by name where it was kept aside or saved so, else by position, else in the first widget."""
        by_name = {**self.named, **self._quarantined()}
        position = 0
        for index, slot in enumerate(self.host.face.slots):
            inside = (node.widget_of(target) for node, target in self.body.targets(index))
            slot.promoted = _own(next((widget for widget in inside if widget), None))
            if slot.promoted is None:
                continue
            if position < len(self.values):
                slot.promoted.value = self.values[position]
            slot.promoted.value = by_name.get(slot.name, slot.promoted.value)
            position += 1

    def _quarantined(self) -> dict[str, Any]:
        """Values that the frontend once could not place and kept aside; of several with one name the first counts."""
        return {
            entry["originalEntry"][1]: entry["hostValue"]
            for entry in reversed(self.properties.get("proxyWidgetErrorQuarantine") or [])
            if str(entry["originalEntry"][0]) == "-1" and entry.get("hostValue") is not None
        }

    def apply_proxies(self) -> None:
        """Reads the instance's values in the order of `proxyWidgets`; only older files have them."""
        for position, (node_id, widget, *deepest) in enumerate(self.properties.get("proxyWidgets") or []):
            value = self.values[position] if position < len(self.values) else None
            node = self.body.nodes.get(str(node_id))
            if node is not None and node.kind == "PrimitiveNode":
                self._set_primitive(node, str(node_id), value)
                continue
            slot = self._host_slot(str(node_id), node, widget, deepest[0] if deepest else None)
            if slot is not None and slot.promoted is not None and value is not None:
                slot.promoted.value = value

    def _set_primitive(self, primitive: Node, node_id: str, value: Any) -> None:
        """The instance then stands in for the primitive; without a value, what the primitive feeds keeps its own."""
        fed = [
            node.face.widgets[slot.widget]
            for node in self.body.nodes.values()
            for slot in node.face.slots
            if slot.widget and slot.link is not None and self.body.links[slot.link].origin == node_id
        ]
        if fed:
            primitive.face.widgets["value"].value = fed[0].value if value is None else value

    def _host_slot(self, node_id: str, node: Node | None, widget: str, deepest: str | None) -> Slot | None:
        """The instance's input that stands for `widget` of the inner node, None where there is no such widget."""
        slots = self.host.face.slots
        if node_id == "-1":  # the pair names an input of the instance itself
            return next((slot for slot in slots if slot.name == widget), None)
        inner = _inner_slot(node, widget, deepest) if node else None
        if node is None or inner is None:
            return None
        for index, slot in enumerate(slots):
            if self._source(index) == (node, inner):
                return slot
        return self._new_slot(node, node_id, inner)

    def _source(self, index: int) -> tuple[Node, Slot] | None:
        """What an input of the instance stands for: the first thing it feeds that has a widget."""
        for node, slot in self.body.targets(index):
            if node.body is not None or slot.widget:
                return node, slot
        return None

    def _new_slot(self, node: Node, node_id: str, inner: Slot) -> Slot:
        """Adds an input to the instance and links the inner input to it, whatever that was linked to before."""
        for index, link_ids in enumerate(self.body.inputs):
            if inner.link in link_ids:
                link_ids.remove(inner.link)
                if self._source(index) is None:
                    self.host.face.slots[index].promoted = None
        index = len(self.host.face.slots)
        inner.link = ("proxy", index)
        self.body.links[inner.link] = Link(INPUT_NODE, index, node_id)
        self.body.inputs.append([inner.link])
        slot = Slot(inner.name, inner.type, promoted=_own(node.widget_of(inner)))
        self.host.face.slots.append(slot)
        return slot


def _own(widget: Widget | None) -> Widget | None:
    """An instance's copy of a widget inside. Its text is sent as it is, choices in braces and all."""
    return replace(widget, dynamic_prompt=False) if widget else None


def _inner_slot(node: Node, widget: str, deepest: str | None) -> Slot | None:
    found = _promoted_slot(node, widget, deepest) if node.body else _widget_slot(node, widget)
    match = _PREFIX.fullmatch(widget)
    if found is None and match:  # "12: name" of some versions: the widget `name` of node 12, deeper inside
        return _inner_slot(node, match[2], match[1])
    return found


def _widget_slot(node: Node, widget: str) -> Slot | None:
    return next((slot for slot in node.face.slots if slot.widget == widget), None)


def _promoted_slot(node: Node, widget: str, deepest: str | None) -> Slot | None:
    """An input of an instance inside, by its own name or by what it stands for."""
    assert node.body is not None
    for index, slot in enumerate(node.face.slots):
        source = next(node.body.targets(index), None)
        inner = (source[0].id.rsplit(":", 1)[-1], source[1].name) if source else None
        matches = inner == (deepest, widget) if deepest else slot.name == widget or (inner and inner[1] == widget)
        if matches and slot.promoted:
            return slot
    return None
