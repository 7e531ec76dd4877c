"""Reads a saved template into a tree of graphs.

Facts from the official frontend 1.47.12 (LGraph.ts, SubgraphNode.ts, subgraphDeduplication.ts). Every instance of a
subgraph gets a copy of its own, so values set on it stay with it.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from tools.extract import widgets
from tools.extract.graph import Graph, Link, Node, TemplateError
from tools.extract.matchtype import settle_types
from tools.extract.promotion import Promotion
from tools.extract.widgets import MISSING, Definition, Slot, Widget

# Where the frontend's English names differ from those that ComfyUI 0.30.0 itself gives (locales/en/nodeDefs.json).
FRONTEND_TITLES = {
    "LTXVConcatAVLatent": "LTXVConcatAVLatent",
    "LTXVSeparateAVLatent": "LTXVSeparateAVLatent",
    "MinimaxHailuoVideoNode": "MiniMax Hailuo Video",
    "PrimitiveString": "Text String (DEPRECATED)",
    "PrimitiveStringMultiline": "Input Text",
    "RecraftImageToImageNode": "Recraft Image to Image",
    "RecraftTextToImageNode": "Recraft Text to Image",
    "RecraftTextToVectorNode": "Recraft Text to Vector",
}


def read(
    template: dict[str, Any], definitions: Mapping[str, Definition], modes: Mapping[str, int] | None = None
) -> Graph:
    """Reads a UI-format template. `modes` overrides the mode of nodes by their scoped id.

    Raises TemplateError if this is no such template, or if `modes` names a node that it does not have.
    """
    if not isinstance(template, dict) or not isinstance(template.get("nodes"), list):
        raise TemplateError("not a template in the frontend's format: it has no list of nodes")
    builder = _Builder(_with_unique_ids(template), definitions, modes or {})
    graph = builder.build(builder.template, None)
    _apply_primitives(graph)
    if unknown := sorted(set(modes or {}) - builder.seen):
        raise TemplateError(f"no node {', '.join(unknown)} to set the mode of")
    return graph


def _subgraphs(template: dict[str, Any]) -> list[dict[str, Any]]:
    return (template.get("definitions") or {}).get("subgraphs") or []


def _with_unique_ids(template: dict[str, Any]) -> dict[str, Any]:
    """Gives nodes of subgraphs new ids where another graph already uses theirs, in the frontend's order."""
    template = copy.deepcopy(template)
    last = template.get("last_node_id") or (template.get("state") or {}).get("lastNodeId") or 0
    used = {str(node["id"]) for node in template["nodes"]}
    for subgraph in _subgraphs(template):
        renamed: dict[str, int] = {}
        for node in subgraph["nodes"]:
            key = str(node["id"])
            if key in used:
                last += 1
                while str(last) in used:
                    last += 1
                renamed[key] = node["id"] = last
            elif key.lstrip("-").isdigit():
                last = max(last, int(key))
            used.add(str(node["id"]))
        if renamed:
            _rename(template, subgraph, renamed)
    return template


def _rename(template: dict[str, Any], subgraph: dict[str, Any], renamed: dict[str, int]) -> None:
    for link in subgraph.get("links") or []:
        for end in ("origin_id", "target_id"):
            link[end] = renamed.get(str(link[end]), link[end])
    for graph in (template, *_subgraphs(template)):
        for node in graph["nodes"]:
            if node["type"] == subgraph["id"]:
                for entry in (node.get("properties") or {}).get("proxyWidgets") or []:
                    entry[0] = str(renamed.get(str(entry[0]), entry[0]))


def _links(saved: dict[str, Any]) -> Iterator[tuple[Any, Link]]:
    """Reads a link, which is saved as a list in the outermost graph and as an object in a subgraph."""
    for link in saved.get("links") or []:
        if isinstance(link, dict):
            yield link["id"], Link(str(link["origin_id"]), link["origin_slot"], str(link["target_id"]))
        elif link:
            yield link[0], Link(str(link[1]), link[2], str(link[3]))


class _Builder:
    def __init__(
        self, template: dict[str, Any], definitions: Mapping[str, Definition], modes: Mapping[str, int]
    ) -> None:
        self.template = template
        self.definitions = definitions
        self.modes = modes
        self.subgraphs = {subgraph["id"]: subgraph for subgraph in _subgraphs(template)}
        self.seen: set[str] = set()

    def build(self, saved: dict[str, Any], host: Node | None, within: tuple[str, ...] = ()) -> Graph:
        graph = Graph(host, links=dict(_links(saved)))
        graph.inputs = [list(slot.get("linkIds") or []) for slot in saved.get("inputs") or []]
        graph.outputs = [list(slot.get("linkIds") or []) for slot in saved.get("outputs") or []]
        instances = []
        for entry in saved["nodes"]:
            node = self._node(entry, graph)
            graph.nodes[str(entry["id"])] = node
            if node.kind in self.subgraphs:
                self._fill_instance(node, entry, within)
                instances.append(Promotion(node, entry))
            for slot in node.face.slots:
                slot.link = slot.link if slot.link in graph.links else None
        for instance in instances:
            instance.apply_proxies()
        settle_types(graph)
        return graph

    def _node(self, entry: dict[str, Any], graph: Graph) -> Node:
        kind = entry["type"]
        node_id = str(entry["id"]) if graph.host is None else f"{graph.host.id}:{entry['id']}"
        self.seen.add(node_id)
        definition = self.definitions.get(kind)
        title = FRONTEND_TITLES.get(kind) or (definition or {}).get("display_name") or kind
        face = widgets.read(definition, entry) if definition else widgets.read_unknown(entry)
        if kind == "PrimitiveNode":
            values = entry.get("widgets_values") or [MISSING]
            face.widgets["value"] = Widget("*", values[0])
        outputs = [str(output.get("type", "*")) for output in entry.get("outputs") or []]
        if definition:
            defined = widgets.output_types(definition)
            outputs = defined + outputs[len(defined) :]
        mode = self.modes.get(node_id, entry.get("mode") or 0)
        node = Node(node_id, kind, entry.get("title") or title, mode, face, outputs, graph, known=bool(definition))
        node.groups = list((definition or {}).get("output_matchtypes") or [])
        return node

    def _fill_instance(self, node: Node, entry: dict[str, Any], within: tuple[str, ...]) -> None:
        """Gives an instance the subgraph's inputs; it may have been saved with fewer, or with others."""
        if node.kind in within:
            raise TemplateError(f"node {node.id}: a subgraph contains itself")
        subgraph = self.subgraphs[node.kind]
        node.known = True
        links = {slot.name: slot.link for slot in node.face.slots}
        node.face.slots = [Slot(i["name"], str(i.get("type", "*")), links.get(i["name"])) for i in subgraph["inputs"]]
        node.outputs = [str(output.get("type", "*")) for output in subgraph.get("outputs") or []]
        node.body = self.build(subgraph, node, (*within, node.kind))
        Promotion(node, entry).apply_values()


def _apply_primitives(graph: Graph) -> None:
    """A PrimitiveNode writes its value into the widgets that it is linked to."""
    for node in graph.nodes.values():
        if node.body is not None:
            _apply_primitives(node.body)
        for slot in node.face.slots:
            source = graph.nodes.get(graph.links[slot.link].origin) if slot.link is not None else None
            if source and source.kind == "PrimitiveNode" and slot.widget:
                value = source.face.widgets["value"].value
                if value is not MISSING:
                    node.face.widgets[slot.widget].value = value
