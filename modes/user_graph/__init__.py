"""A graph that a person brings: checked, given its files, and run as it is."""

from modes.user_graph.mode import OWN_GRAPH

__all__ = ["OWN_GRAPH"]
