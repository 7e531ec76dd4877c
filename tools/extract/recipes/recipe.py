"""What a recipe is: what is set before folding, which nodes come in, and the words its nodes are known by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.extract.convert import Prompt, convert, is_link
from tools.extract.fold import Evaluate, fold, rename
from tools.extract.graph import TemplateError
from tools.extract.widgets import Definition

Values = Mapping[str, Any]  # a node's inputs: literals, and links [node id, output]
Added = Mapping[str, tuple[str, Values]]  # word id -> (class, inputs)


@dataclass(frozen=True)
class Recipe:
    """One workflow. Nodes are named by the template's ids, `outer:inner` inside subgraphs. Without a `template` it is
    made of what is `added` alone.

    `modes` overrides modes before conversion. After it, `added` brings in nodes that the template lacks, by their word
    ids, and `inputs` sets inputs of those it has. Folding drops what leads to no file; `spares` stay all the same, for
    modes to link to. `names` has the word id of each node of the template that is left.
    """

    template: str
    names: Mapping[str, str]
    modes: Mapping[str, int] = field(default_factory=dict)
    added: Added = field(default_factory=dict)
    inputs: Mapping[str, Values] = field(default_factory=dict)
    spares: Sequence[str] = ()

    def build(
        self, template: dict[str, Any] | None, definitions: Mapping[str, Definition], evaluate: Evaluate
    ) -> Prompt:
        """The workflow from its template. Raises TemplateError where recipe and template do not fit."""
        prompt = convert(template, definitions, self.modes) if template else {}
        for word, (kind, inputs) in self.added.items():
            if kind not in definitions:
                raise TemplateError(f"node {word}: ComfyUI has no class {kind!r}")
            title = definitions[kind].get("display_name", kind)
            prompt[word] = {"class_type": kind, "inputs": dict(inputs), "_meta": {"title": title}}
        for node, inputs in self.inputs.items():
            if node not in prompt:
                raise TemplateError(f"no node {node} to set {', '.join(inputs)} of")
            prompt[node]["inputs"].update(inputs)
        _check_links(prompt)
        folded = fold(prompt, evaluate, lambda kind: is_sink(kind, definitions), self.spares)
        return rename(folded, {**self.names, **{word: word for word in self.added}})


def _check_links(prompt: Prompt) -> None:
    for node, entry in prompt.items():
        for name, value in entry["inputs"].items():
            if is_link(value) and value[0] not in prompt:
                raise TemplateError(f"node {node}: no node {value[0]} for {name}")


def is_sink(kind: str, definitions: Mapping[str, Definition]) -> bool:
    """Whether a class writes a file that people asked for; previews only show."""
    return bool(definitions[kind].get("output_node")) and kind.startswith("Save")


def inside(subgraph: str, names: Mapping[str, str]) -> dict[str, str]:
    """Word ids of the nodes in a subgraph, by their ids in there."""
    return {f"{subgraph}:{node}": word for node, word in names.items()}
