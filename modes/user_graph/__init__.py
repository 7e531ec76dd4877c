"""The mode that runs a person's own ComfyUI graph: it checks the graph, puts in the files and the seed, and runs it."""

from modes.user_graph.mode import OWN_GRAPH

__all__ = ["OWN_GRAPH"]
