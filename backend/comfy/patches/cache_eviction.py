"""Removes what chosen nodes made from ComfyUI's cache of outputs.

ComfyUI keeps outputs until the machine's memory is nearly full. The pieces of a long video would all stay: nothing asks
for them again, and a piece is hundreds of megabytes.
"""

from collections.abc import Collection
from typing import Any

from patches import expect, patch

TABLES = ("cache", "used_generation", "timestamps", "children")


@patch(
    "comfy_execution.caching:RAMPressureCache",
    "comfy_execution.caching:CacheKeySet.get_data_key",
    package="ComfyUI",
    reason="Removes the outputs of a finished piece of a long video from four private tables of ComfyUI's cache.",
    until="ComfyUI's cache has a method that removes one node's output.",
)
def evict(outputs: Any, nodes: Collection[str]) -> None:
    """Removes the outputs of `nodes` from an executor's `caches.outputs`. Nodes that are not in it are ignored.

    Raises PatchError where the cache is not as in ComfyUI 0.30.0.
    """
    kept: list[Any] = [getattr(outputs, name, None) for name in TABLES]
    expect(all(isinstance(table, dict) for table in kept), "ComfyUI's cache of outputs has other tables")
    for node in nodes:
        key = outputs.cache_key_set.get_data_key(node)
        for table in kept:
            table.pop(key, None)
