"""A template as a tree of graphs: nodes with values and links, subgraph instances with a body of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.extract.widgets import Face, LinkId, Slot, Widget

INPUT_NODE = "-10"  # where links that come into a subgraph begin
NEVER, BYPASS = 2, 4  # LGraphEventMode; a muted node's output does not exist, a bypassed one passes its input on
VIRTUAL = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}  # known to the frontend alone


class TemplateError(ValueError):
    """A template that cannot be converted; the message says which node, and why."""


@dataclass(frozen=True)
class Link:
    origin: str
    origin_slot: int
    target: str


@dataclass(eq=False)  # the one node, not one like it
class Node:
    """`id` is scoped (outer:inner), and `body` is the graph inside a subgraph instance.

    `groups` names for each output the inputs whose type it shares, as `Slot.group` does.
    """

    id: str
    kind: str
    title: str
    mode: int
    face: Face
    outputs: list[str]
    graph: "Graph"
    body: "Graph | None" = None
    known: bool = True
    groups: list[str | None] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return self.mode not in (NEVER, BYPASS)

    def widget_of(self, slot: Slot) -> Widget | None:
        """The widget that a link to the input would replace, None for a bare socket."""
        if self.body is not None:
            return slot.promoted
        return self.face.widgets[slot.widget] if slot.widget else None


@dataclass(eq=False)
class Graph:
    """`host` is the instance whose body this is, None for the outermost graph.

    `inputs` and `outputs` hold, for each input and output of the host, the ids of its links inside.
    """

    host: Node | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[LinkId, Link] = field(default_factory=dict)
    inputs: list[list[LinkId]] = field(default_factory=list)
    outputs: list[list[LinkId]] = field(default_factory=list)

    def targets(self, index: int) -> Iterator[tuple[Node, Slot]]:
        """The nodes inside, and their inputs, that input `index` of the host feeds."""
        for link_id in self.inputs[index]:
            node = self.nodes.get(self.links[link_id].target) if link_id in self.links else None
            if node:
                yield from ((node, slot) for slot in node.face.slots if slot.link == link_id)
