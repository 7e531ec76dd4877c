"""Checks a user's graph and turns its text into a graph that may run.

The result contains only nodes of the classes that `nodes.tsv` allows. It names files only in the inputs that the table
lists: media, which Kinora replaces with prepared files; models, which stay inside their folders; and results, which
Kinora names itself.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from constants import MAX_SEED
from modes.user_graph.node_classes import known
from safe_names import FileNameError, check_file_name, check_model_name
from workflow import Graph, links, prune

MAX_NODES = 1000
SEEDS = ("seed", "noise_seed")
SMALLER_SEEDS = {"SeedNode": 2**63}
"""How many seeds a node class accepts, for the classes that accept fewer than 2**64."""

_ID = re.compile(r"[\w:.-]{1,100}")
_HOW = "In ComfyUI, choose Workflow, Export (API), and use that file."


class GraphError(Exception):
    """Raised for a graph that may not run. The text is one or two sentences that say what is wrong."""


@dataclass(frozen=True, slots=True)
class Loader:
    """A node that loads a file of one kind ("image", "audio", "video"). `input` is the input that names the file."""

    node: str
    class_type: str
    kind: str
    input: str
    file: str


def read(text: str) -> Graph:
    """Returns the graph that a text in ComfyUI's API format describes.

    Nodes that no result needs, such as previews, are left out. Raises GraphError.
    """
    return copy.deepcopy(_read(text))


@lru_cache(maxsize=8)
def _read(text: str) -> Graph:
    graph = {node: _node(node, content) for node, content in _nodes(text).items()}
    for node, content in graph.items():
        _check_links(graph, node)
        _check_names(node, content)
    savers = [node for node, content in graph.items() if known()[content["class_type"]].saves]
    if not savers:
        raise GraphError("No node of the graph saves anything. Add one, such as SaveImage, SaveVideo or SaveAudio.")
    for node in savers:
        graph[node]["inputs"]["filename_prefix"] = ""  # workflow.save_to sets Kinora's own prefix before the run
    return prune(graph, savers)


def loaders(graph: Graph) -> list[Loader]:
    """Returns the nodes that load media, in the order of the graph."""
    return [
        Loader(node, content["class_type"], kind, name, content["inputs"][name])
        for node, content in graph.items()
        for name, kind in known()[content["class_type"]].media.items()
    ]


def seeds(graph: Graph) -> Iterator[tuple[str, str, int, int]]:
    """Yields each valid seed that the graph contains as a number, as (node, input, seed, number of possible seeds)."""
    for node, content in graph.items():
        for name in SEEDS:
            value, count = content["inputs"].get(name), SMALLER_SEEDS.get(content["class_type"], MAX_SEED + 1)
            if type(value) is int and 0 <= value < count:
                yield node, name, value, count


def _nodes(text: str) -> dict[str, Any]:
    """Returns the nodes by id, with their contents unchecked."""
    try:
        found = json.loads(text, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise GraphError(f"This is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from None
    except UnicodeEncodeError:
        raise GraphError("The graph's text contains an incomplete character (a lone surrogate).") from None
    except (ValueError, RecursionError):
        raise GraphError("This JSON cannot be read: it is nested too deeply, or a number in it is too long.") from None
    if isinstance(found, dict) and isinstance(found.get("nodes"), list):
        raise GraphError(f"This is a workflow as ComfyUI's editor saves it, not a graph in the API format. {_HOW}")
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise GraphError(f"This is not a graph in the API format, which lists nodes by their ids. {_HOW}")
    if not found:
        raise GraphError("The graph has no nodes.")
    if len(found) > MAX_NODES:
        raise GraphError(f"The graph has {len(found):,} nodes; the limit is {MAX_NODES:,}.")
    return found


def _no_number(name: str) -> NoReturn:
    raise GraphError(f"A graph cannot contain {name}.")


def _node(node: str, content: dict[str, Any]) -> dict[str, Any]:
    """Returns the parts of a node that ComfyUI needs. Raises GraphError unless its class is allowed."""
    if not _ID.fullmatch(node):
        raise GraphError(f"“{node[:40]}” is not a valid node id: only letters, digits and : . _ - are allowed.")
    kind, inputs = content.get("class_type"), content.get("inputs")
    if not isinstance(kind, str) or not isinstance(inputs, dict):
        raise GraphError(f"Node {node} lacks class_type or inputs, which nodes in the API format have. {_HOW}")
    if kind not in known():
        raise GraphError(f"Node {node} is a {kind[:60]}. ComfyUI has no such node, and Kinora loads no custom nodes.")
    if refused := known()[kind].refused:
        raise GraphError(f"Node {node} is a {kind}, which is not allowed here: {refused}.")
    meta = content.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return {
        "class_type": kind,
        "inputs": {name: value for name, value in inputs.items() if name != "filename_prefix"},
        "_meta": {"title": title if isinstance(title, str) else kind},
    }


def _check_links(graph: Graph, node: str) -> None:
    content = graph[node]
    where = _where(node, content)
    plain = {name for name, _, _ in links(content)}
    for name, value in content["inputs"].items():
        inner = value.get("__value__") if isinstance(value, dict) else None
        # ComfyUI also treats some other values as links, some of them only after it has checked the graph.
        if _like_a_link(inner) or (_like_a_link(value) and (name not in plain or value[1] < 0)):
            raise GraphError(f"{where}: the link in {name} is not written as [node id, output].")
    for name, source, _ in links(content):
        if source not in graph:
            raise GraphError(f"{where}: {name} is linked to node {source[:40]}, which is not in the graph.")


def _like_a_link(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2
    return pair and isinstance(value[0], str) and isinstance(value[1], int | float)


def _check_names(node: str, content: dict[str, Any]) -> None:
    """Raises GraphError unless every input that names a file has a plain file name as its value."""
    kind = known()[content["class_type"]]
    for name in (*kind.media, *kind.models):
        value = content["inputs"].get(name)
        if value == "" or (value is None and name in kind.models):
            continue  # ComfyUI itself reports that the file is missing
        if not isinstance(value, str):
            text = "must be a file name written in the node itself, not a link or another value"
            raise GraphError(f"{_where(node, content)}: {name} {text}.")
        if value.rstrip().endswith(("[output]", "[temp]")):
            raise GraphError(f"{_where(node, content)}, {name}: “{value[:80]}” is not an input file.")
        try:
            if name in kind.models:
                check_model_name(value)
            else:
                check_file_name(value)
        except FileNameError as error:
            raise GraphError(f"{_where(node, content)}, {name}: {error}.") from None


def _where(node: str, content: dict[str, Any]) -> str:
    return f"Node {node} ({content['class_type']})"
