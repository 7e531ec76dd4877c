"""Small graphs in ComfyUI's API format, as people bring them."""

import json
from typing import Any

from modes.mode import EXAMPLES

Nodes = dict[str, Any]
EXAMPLE = (EXAMPLES / "graph.json").read_text(encoding="utf-8")


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def saved(kind: str, **inputs: Any) -> Nodes:
    """A node 1 of that class whose first output is saved as an image by a node 2."""
    return {"1": node(kind, **inputs), "2": node("SaveImage", images=["1", 0], filename_prefix="x")}


def mixed(*files: str) -> Nodes:
    """Loads images, one after the other, and saves each."""
    graph: Nodes = {}
    for number, file in enumerate(files, start=1):
        graph[f"{number}0"] = node("LoadImage", image=file)
        graph[f"{number}1"] = node("SaveImage", images=[f"{number}0", 0], filename_prefix="x")
    return graph


def text(graph: Any) -> str:
    return json.dumps(graph)
