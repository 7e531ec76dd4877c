"""Templates as data: load, patch, insert, prune, check. Pure functions on ComfyUI's API format.

A graph maps node ids (words such as "first_pass") to `{class_type, inputs, _meta}`. An input's value is a literal
or a link `[node id, output index]`.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

Graph = dict[str, dict[str, Any]]
Phases = Mapping[str, Sequence[str]]  # a phase's label -> the ids of its nodes, in the order they run

FOLDER = Path(__file__).resolve().parent / "workflows"


@dataclass(frozen=True, slots=True)
class Patch:
    """Writes one input of one node; a link is written as a tuple `(node id, output index)`."""

    node: str
    input: str
    value: Any


@dataclass(frozen=True, slots=True)
class Drop:
    """Removes one optional input of a node."""

    node: str
    input: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Adds a node; patches that follow may link to it."""

    node: str
    class_type: str
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relink:
    """Links every input that one output feeds to another output; each is `(node id, output index)`."""

    source: tuple[str, int]
    target: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Clone:
    """Copies the nodes `roots` and all nodes that depend on them, up to `ends`, as `name + suffix`.

    The copies are linked to each other as the originals are, and to the same other nodes.
    """

    roots: Sequence[str]
    ends: Sequence[str]
    suffix: str


Change = Patch | Drop | Insert | Relink | Clone


class WorkflowError(Exception):
    """A template and the code that uses it do not fit: a defect of ours, never of a person's input."""


@lru_cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def load(name: str) -> Graph:
    """A fresh copy of `workflows/<name>.json`."""
    return json.loads(_read(name))


def build(graph: Graph, changes: Iterable[Change]) -> Graph:
    """A checked copy of the graph with all changes made, without nodes that no file needs."""
    built = copy.deepcopy(graph)
    for change in changes:
        _apply(built, change)
    built = prune(built, sinks(built))
    check(built)
    return built


def sinks(graph: Graph) -> list[str]:
    """The nodes that write files."""
    return [node for node, content in graph.items() if "filename_prefix" in content["inputs"]]


def save_to(graph: Graph, prefix: str) -> None:
    """Sets where the files go: `prefix` is a path below the outputs folder.

    The node named `save_…`, or the only sink, writes the result. Other sinks write parts of it; the names of their
    files contain the node's id, without the characters that a file name cannot have.
    """
    writing = sinks(graph)
    for node in writing:
        whole = node.startswith("save_") or len(writing) == 1
        part = re.sub(r"[^\w-]", "_", node)
        graph[node]["inputs"]["filename_prefix"] = prefix if whole else f"{prefix}.{part}"


def _apply(graph: Graph, change: Change) -> None:
    if isinstance(change, Relink):
        for node in graph.values():
            for name, source, output in list(links(node)):
                if (source, output) == change.source:
                    node["inputs"][name] = list(change.target)
        return
    if isinstance(change, Insert):
        if change.node in graph:
            raise WorkflowError(f"node {change.node} is already there")
        inputs = {name: _as_json(value) for name, value in change.inputs.items()}
        graph[change.node] = {
            "class_type": change.class_type,
            "inputs": inputs,
            "_meta": {"title": change.class_type},
        }
        return
    if isinstance(change, Clone):
        _clone(graph, change)
        return
    if change.node not in graph:
        raise WorkflowError(f"there is no node {change.node}")
    inputs = graph[change.node]["inputs"]
    if change.input not in inputs:
        raise WorkflowError(f"node {change.node} has no input {change.input}")
    if isinstance(change, Drop):
        del inputs[change.input]
    else:
        inputs[change.input] = _as_json(change.value)


def _clone(graph: Graph, change: Clone) -> None:
    missing = [node for node in change.roots if node not in graph]
    if missing:
        raise WorkflowError(f"there is no node {missing[0]}")
    copied = set(change.roots)
    while True:
        more = {
            node
            for node, content in graph.items()
            if node not in copied and node not in change.ends and any(link[1] in copied for link in links(content))
        }
        if not more:
            break
        copied |= more
    for node in [node for node in graph if node in copied]:
        content = copy.deepcopy(graph[node])
        for name, source, output in list(links(content)):
            if source in copied:
                content["inputs"][name] = [source + change.suffix, output]
        if node + change.suffix in graph:
            raise WorkflowError(f"node {node + change.suffix} is already there")
        graph[node + change.suffix] = content


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def links(node: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """The links that feed a node, as (input, source node id, source output)."""
    for name, value in node["inputs"].items():
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int:
            yield name, value[0], value[1]


def prune(graph: Graph, sinks: Sequence[str]) -> Graph:
    """Only the nodes that a sink depends on, in their order."""
    needed: set[str] = set()
    waiting = list(sinks)
    while waiting:
        node = waiting.pop()
        if node in needed:
            continue
        if node not in graph:
            raise WorkflowError(f"there is no node {node}")
        needed.add(node)
        waiting += [source for _, source, _ in links(graph[node])]
    return {node: content for node, content in graph.items() if node in needed}


def check(graph: Graph) -> None:
    """Raises WorkflowError where a link leads nowhere."""
    for node, content in graph.items():
        for name, source, _ in links(content):
            if source not in graph:
                raise WorkflowError(f"{node}.{name} is linked to {source}, which is not there")
