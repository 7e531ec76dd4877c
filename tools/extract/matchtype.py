"""Works out the types of inputs and outputs that depend on what is connected to them, as those of a switch do.

Facts from the official frontend 1.47.12 (dynamicWidgets.ts). What a bypassed node passes on depends on these types.
"""

from tools.extract.graph import INPUT_NODE, Graph, Node
from tools.extract.widgets import Slot


def settle_types(graph: Graph) -> None:
    """Sets the types of all grouped inputs and outputs; one switch may feed another."""
    grouped = [node for node in graph.nodes.values() if any(slot.group for slot in node.face.slots)]
    for _ in grouped:
        changed = [_settle(node) for node in grouped]
        if not any(changed):
            return


def _settle(node: Node) -> bool:
    """Returns whether this changed an output of the node."""
    before = list(node.outputs)
    for group in {slot.group for slot in node.face.slots if slot.group}:
        slots = [slot for slot in node.face.slots if slot.group == group]
        connected = [_origin_type(node.graph, slot) for slot in slots]
        for index, slot in enumerate(slots):
            others = connected[:index] + connected[index + 1 :]
            slot.type = _common(*others, slot.allowed) or slot.type
        for index, own in enumerate(node.groups):
            if own == group:
                node.outputs[index] = _common(*connected) or node.outputs[index]
    return node.outputs != before


def _origin_type(graph: Graph, slot: Slot) -> str:
    """The type at the other end of the input's link, "*" without one."""
    link = graph.links.get(slot.link) if slot.link is not None else None
    if link is None:
        return "*"
    if link.origin == INPUT_NODE and graph.host is not None:
        return graph.host.face.slots[link.origin_slot].type
    origin = graph.nodes.get(link.origin)
    known = origin is not None and link.origin_slot < len(origin.outputs)
    return origin.outputs[link.origin_slot] if origin and known else "*"


def _common(*types: str) -> str:
    """What all the types, or lists of types with commas, have in common; "" if there is nothing."""
    lists = [kind.split(",") for kind in types if kind != "*"]
    if not lists:
        return "*"
    return ",".join(kind for kind in lists[0] if all(kind in other for other in lists))
