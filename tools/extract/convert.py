"""Converts templates in the frontend's format to the API format that ComfyUI executes.

`convert` gives, node by node, what the official frontend 1.47.12 sends to the server for the same template
(`graphToPrompt`: executionUtil.ts and ExecutableNodeDTO.ts), without a browser.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.extract import template as templates
from tools.extract.graph import BYPASS, INPUT_NODE, NEVER, VIRTUAL, Graph, Node, TemplateError
from tools.extract.widgets import MISSING, Definition, Widget

Prompt = dict[str, dict[str, Any]]


def convert(
    template: dict[str, Any], definitions: Mapping[str, Definition], modes: Mapping[str, int] | None = None
) -> Prompt:
    """The API format: {node id: {"inputs", "class_type", "_meta"}}, with ids `outer:inner` inside subgraphs.

    `definitions` maps class names to what ComfyUI's `/object_info` says of them; `modes` overrides the mode of nodes
    by id (0 active, 2 muted, 4 bypassed). Raises TemplateError for a class that `definitions` lacks, for links that
    run in a circle, and for what is no template at all.
    """
    graph = templates.read(template, definitions, modes)
    prompt = {node.id: _entry(node, definitions) for node in _executed(graph)}
    for entry in prompt.values():
        gone = [name for name, value in entry["inputs"].items() if is_link(value) and value[0] not in prompt]
        for name in gone:
            del entry["inputs"][name]
    return prompt


def is_link(value: Any) -> bool:
    """Whether an input of the API format is a link, [node id, output slot]."""
    return isinstance(value, list) and len(value) == 2


def _executed(graph: Graph) -> Iterator[Node]:
    """Nodes that reach the server. An inactive instance hides its inside only in the outermost graph, as it does in
    the frontend; further in, what it leaves behind feeds nothing."""
    for node in graph.nodes.values():
        if node.body is not None:
            if node.active or graph.host is not None:
                yield from _executed(node.body)
        elif node.active and node.kind not in VIRTUAL:
            if not node.known:
                raise TemplateError(f"node {node.id}: ComfyUI has no class {node.kind!r}")
            yield node


def _entry(node: Node, definitions: Mapping[str, Definition]) -> dict[str, Any]:
    inputs = {name: _literal(widget) for name, widget in node.face.widgets.items()}
    for index, slot in enumerate(node.face.slots):
        source = _input(node, index, set())
        if isinstance(source, Widget):
            inputs[slot.name] = _wrapped(source.filled)
        elif source is not None:
            inputs[slot.name] = [source[0].id, source[1]]
    inputs = {name: value for name, value in inputs.items() if value is not MISSING}
    return {"inputs": inputs, "class_type": node.kind, "_meta": {"title": node.title}}


def _literal(widget: Widget) -> Any:
    value = widget.filled
    if widget.dynamic_prompt and isinstance(value, str):
        return resolve_dynamic_prompt(value)
    if widget.type == "CURVE" and isinstance(value, list):
        return {"__type__": "CURVE", "__value__": value}
    return _wrapped(value)


def _wrapped(value: Any) -> Any:
    """Wraps a list, which would otherwise be read as a link."""
    return {"__value__": value} if isinstance(value, list) else value


_Output = tuple[Node, int]
_Visited = set[tuple[str, str, int]]


def _input(node: Node, index: int, visited: _Visited, kind: str | None = None) -> _Output | Widget | None:
    """Follows an input to the output that feeds it, or to the value that an instance holds for it."""
    _visit(node, "input", index, visited)
    slot = node.face.slots[index]
    if slot.link is None:
        return None
    link = node.graph.links[slot.link]
    host = node.graph.host
    if host is not None and link.origin == INPUT_NODE:
        outer = host.face.slots[link.origin_slot]
        if outer.link is not None:
            return _input(host, link.origin_slot, visited)
        return outer.promoted
    origin = node.graph.nodes.get(link.origin)
    return _output(origin, link.origin_slot, kind or slot.type, visited) if origin else None


def _output(node: Node, index: int, kind: str, visited: _Visited) -> _Output | Widget | None:
    """Follows an output through everything that does not reach the server. `kind` is what the far end takes."""
    _visit(node, "output", index, visited)
    if node.mode == NEVER:
        return None
    if node.mode == BYPASS:
        through = _bypass(node, index, kind)
        return None if through is None else _input(node, through, visited)
    if node.body is not None:
        inner = next((node.body.links[link] for link in node.body.outputs[index] if link in node.body.links), None)
        origin = node.body.nodes.get(inner.origin) if inner else None
        if inner and origin is None and inner.origin == INPUT_NODE:
            return _input(node, inner.origin_slot, visited)
        return _output(origin, inner.origin_slot, kind, visited) if inner and origin else None
    if node.kind in VIRTUAL:
        return _input(node, index, visited, kind) if index < len(node.face.slots) else None
    return node, index


def _visit(node: Node, side: str, index: int, visited: _Visited) -> None:
    step = (node.id, side, index)
    if step in visited:
        raise TemplateError(f"node {node.id}: its links run in a circle")
    visited.add(step)


def _bypass(node: Node, index: int, kind: str) -> int | None:
    """The input that a bypassed node passes on for one of its outputs; None if no type fits."""
    types = [slot.type for slot in node.face.slots]
    if kind in ("*", ""):
        return (index if index < len(types) else 0) if types else None
    output = node.outputs[index]
    if index < len(types) and _connects(types[index], output) and _connects(types[index], kind):
        return index
    if kind in types:
        return types.index(kind)
    fitting = (i for i, own in enumerate(types) if _connects(own, output) and _connects(own, kind))
    return next(fitting, None)


def _connects(one: str, other: str) -> bool:
    """Whether types, or lists of types with commas, have one in common."""
    if one == other or {one, other} & {"*", "", "0"}:
        return True
    return bool(set(one.lower().split(",")) & set(other.lower().split(",")))


_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def resolve_dynamic_prompt(text: str) -> str:
    """Text of a widget with dynamic prompts: no comments, and `{a|b}` is `a` (the frontend draws one at random)."""
    text = _COMMENT.sub("", text)
    resolved, position = "", 0
    while position < len(text):
        if text[position] == "\\":
            resolved += text[position : position + 2]
            position += 2
        elif text[position] == "{":
            choice, position = _first_choice(text, position + 1)
            resolved += resolve_dynamic_prompt(choice)
        else:
            resolved += text[position]
            position += 1
    return re.sub(r"\\([{}|])", r"\1", resolved)


def _first_choice(text: str, position: int) -> tuple[str, int]:
    """The first option of the block that begins at `position`, and where the block ends."""
    choice, depth, first = "", 0, True
    while position < len(text):
        char = text[position]
        width = 2 if char == "\\" else 1
        if char == "}" and depth == 0:
            return choice, position + 1
        first = first and not (char == "|" and depth == 0)
        depth += {"{": 1, "}": -1}.get(char, 0)
        if first:
            choice += text[position : position + width]
        position += width
    return choice, position
