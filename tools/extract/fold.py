"""Reduces everything that a template can do to the one thing that a workflow does.

Switches whose condition is known are decided, values that are known are computed, previews are dropped, and what then
feeds no file is gone. ComfyUI validates every loader of a prompt, used or not, so a loader left behind would ask for
gigabytes that nothing reads.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools.extract.convert import Prompt, is_link
from tools.extract.graph import TemplateError

Evaluate = Callable[[str, dict[str, Any]], list[Any]]

SWITCH = "ComfySwitchNode"
CONSTANTS = {
    "ComfyMathExpression",
    "PrimitiveBoolean",
    "PrimitiveFloat",
    "PrimitiveInt",
    "PrimitiveString",
    "PrimitiveStringMultiline",
}


def fold(prompt: Prompt, evaluate: Evaluate, is_sink: Callable[[str], bool], spares: Sequence[str] = ()) -> Prompt:
    """What is left of a prompt for its sinks and for the nodes `spares`.

    `evaluate(class, inputs)` gives the outputs of a node from CONSTANTS, computed as ComfyUI computes them;
    `is_sink` tells which classes are what a workflow is for. Raises TemplateError if no node is one.
    """
    prompt = copy.deepcopy(prompt)
    while _decide_switches(prompt) or _compute_constants(prompt, evaluate):
        pass
    return _prune(prompt, is_sink, spares)


def rename(prompt: Prompt, names: Mapping[str, str]) -> Prompt:
    """Gives every node its word id.

    Raises TemplateError where a node has no word, a word has no node, or two nodes share a word.
    """
    if missing := [f"{node} ({entry['class_type']})" for node, entry in prompt.items() if node not in names]:
        raise TemplateError(f"no word id for {', '.join(missing)}")
    if stale := [word for node, word in names.items() if node not in prompt]:
        raise TemplateError(f"no node for the word id {', '.join(stale)}")
    words = list(names.values())
    if shared := sorted({word for word in words if words.count(word) > 1}):
        raise TemplateError(f"two nodes share the word id {', '.join(shared)}")
    return {
        names[node]: {
            **entry,
            "inputs": {
                name: [names[value[0]], value[1]] if is_link(value) else value
                for name, value in entry["inputs"].items()
            },
        }
        for node, entry in prompt.items()
    }


def _decide_switches(prompt: Prompt) -> bool:
    """Replaces switches with a constant condition by the chosen side; returns whether there were any."""
    decided = False
    for node, entry in list(prompt.items()):
        condition = entry["inputs"].get("switch")
        if entry["class_type"] == SWITCH and isinstance(condition, bool):
            inputs = entry["inputs"]
            chosen = "on_true" if condition else "on_false"
            _replace(prompt, node, [inputs[chosen]] if chosen in inputs else [])
            decided = True
    return decided


def _compute_constants(prompt: Prompt, evaluate: Evaluate) -> bool:
    """Replaces nodes that depend on literals alone by their values; returns whether there were any."""
    computed = False
    for node, entry in list(prompt.items()):
        inputs = entry["inputs"]
        if entry["class_type"] in CONSTANTS and not any(is_link(value) for value in inputs.values()):
            _replace(prompt, node, evaluate(entry["class_type"], inputs))
            computed = True
    return computed


def _replace(prompt: Prompt, node: str, outputs: list[Any]) -> None:
    """Removes a node. What was linked to its output i gets `outputs[i]`, or loses the input if that does not exist."""
    del prompt[node]
    for entry in prompt.values():
        inputs = entry["inputs"]
        for name, value in list(inputs.items()):
            if is_link(value) and value[0] == node:
                if value[1] < len(outputs):
                    inputs[name] = outputs[value[1]]
                else:
                    del inputs[name]


def _prune(prompt: Prompt, is_sink: Callable[[str], bool], spares: Sequence[str]) -> Prompt:
    wanted = [node for node, entry in prompt.items() if is_sink(entry["class_type"])]
    if not wanted:
        raise TemplateError("nothing is saved: the template has no node that writes a file")
    if missing := [node for node in spares if node not in prompt]:
        raise TemplateError(f"no node {', '.join(missing)} to keep spare")
    wanted += spares
    reached = set(wanted)
    while wanted:
        for value in prompt[wanted.pop()]["inputs"].values():
            if is_link(value) and value[0] not in reached:
                reached.add(value[0])
                wanted.append(value[0])
    return {node: entry for node, entry in prompt.items() if node in reached}
