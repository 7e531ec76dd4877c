"""Finds LoRAs that change nothing, because none of their weights belongs to a layer of the model.

ComfyUI only logs such weights, one by one, and continues. The wrapper looks at what `comfy.lora.load_lora` returns:
changes by layer. An empty result means that the LoRA has no effect.
"""

from collections.abc import Callable
from typing import Any

from patches import expect, patch


class LoraWatch:
    """Remembers which LoRA files matched no layer. It has to: a loader whose result is cached does not run again."""

    def __init__(self) -> None:
        self._without_effect: set[str] = set()
        self._graph: dict[str, dict[str, Any]] = {}

    @patch(
        "comfy.lora:load_lora",
        "comfy.sd:load_lora_for_models",
        package="ComfyUI",
        reason="A LoRA that fits no layer of the model has to be reported; ComfyUI only logs its weights.",
        until="ComfyUI reports such a LoRA to the caller.",
    )
    def install(self) -> None:
        """Call it once per process, after ComfyUI was imported."""
        import comfy.lora
        import comfy.sd

        by_attribute = {"lora", "load_lora"} <= set(comfy.sd.load_lora_for_models.__code__.co_names)
        expect(by_attribute, "comfy.sd does not call comfy.lora.load_lora by its attribute any more")
        original: Callable[..., dict[Any, Any]] = comfy.lora.load_lora

        def load_lora(*args: Any, **kwargs: Any) -> dict[Any, Any]:
            changes = original(*args, **kwargs)
            name = self._running_lora()
            if name is not None:
                (self._without_effect.discard if changes else self._without_effect.add)(name)
            return changes

        comfy.lora.load_lora = load_lora

    def begin(self, graph: dict[str, dict[str, Any]]) -> None:
        """Says which graph runs now."""
        self._graph = graph

    def without_effect(self) -> list[tuple[str, str]]:
        """Returns the node id and the file of each LoRA of the running graph that changes nothing."""
        named = [(node, content["inputs"].get("lora_name")) for node, content in self._graph.items()]
        return [(node, name) for node, name in named if name in self._without_effect]

    def _running_lora(self) -> str | None:
        from comfy_execution.utils import get_executing_context

        context = get_executing_context()
        node = self._graph.get(context.node_id) if context else None
        return node["inputs"].get("lora_name") if node else None
