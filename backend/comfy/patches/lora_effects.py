"""Finds LoRAs that change nothing, because none of their weights belongs to a layer of the model.

ComfyUI only logs such weights, one by one, and goes on. The wrapper looks at what its `comfy.lora.load_lora` returns:
patches by layer, and no patch means no effect.
"""

from collections.abc import Callable
from typing import Any


class LoraWatch:
    """Remembers the LoRA files that matched no layer; a loader that is cached does not run again."""

    def __init__(self) -> None:
        self._without_effect: set[str] = set()
        self._graph: dict[str, dict[str, Any]] = {}

    def install(self) -> None:
        """Once per process, after ComfyUI was imported."""
        import comfy.lora

        original: Callable[..., dict[Any, Any]] = comfy.lora.load_lora

        def load_lora(*args: Any, **kwargs: Any) -> dict[Any, Any]:
            patches = original(*args, **kwargs)
            name = self._running_lora()
            if name is not None:
                (self._without_effect.discard if patches else self._without_effect.add)(name)
            return patches

        comfy.lora.load_lora = load_lora

    def begin(self, graph: dict[str, dict[str, Any]]) -> None:
        """This graph runs now."""
        self._graph = graph

    def without_effect(self) -> list[tuple[str, str]]:
        """Node id and file of each LoRA of the running graph that changes nothing."""
        named = [(node, content["inputs"].get("lora_name")) for node, content in self._graph.items()]
        return [(node, name) for node, name in named if name in self._without_effect]

    def _running_lora(self) -> str | None:
        from comfy_execution.utils import get_executing_context

        context = get_executing_context()
        node = self._graph.get(context.node_id) if context else None
        return node["inputs"].get("lora_name") if node else None
