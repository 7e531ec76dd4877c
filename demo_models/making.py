"""Functions and types that the makers of all families share."""

from typing import Any

import comfy.ops
import torch
from torch import Tensor

from demo_models.weights import Rules, constant, fill, normal

FACTORY: dict[str, Any] = {
    "dtype": torch.float32,
    "device": "cpu",
    "operations": comfy.ops.disable_weight_init,
}
LORA_RANK = 4

Made = tuple[dict[str, Tensor], dict[str, str]]  # tensors and metadata of a file
Part = tuple[str, torch.nn.Module, int, Rules]  # prefix of its names, module, seed, recipe

DEFAULTS: Rules = [
    (r"norm\d?\.weight$", constant(1.0)),
    (r"bias$", constant(0.0)),
    (r"std-of-means$", constant(1.0)),
    (r"mean-of-means$", constant(0.0)),
    (r".", normal(1.0)),
]


def filled(parts: list[Part]) -> dict[str, Tensor]:
    """Fills the tensors of several modules and returns all of them under their prefixed names."""
    tensors = {}
    for prefix, module, seed, rules in parts:
        for name, tensor in fill(module.state_dict(), seed, rules).items():
            tensors[prefix + name] = tensor
    return tensors


def lora(layers: dict[str, Tensor], seed: int, rules: Rules) -> dict[str, Tensor]:
    """Returns low-rank changes of layers: lora_A (LORA_RANK, in) and lora_B (out, LORA_RANK) for each.

    `layers` has their weights (out, in) by their names without `.weight`.
    """
    pairs = {}
    for layer, weight in layers.items():
        pairs[f"{layer}.lora_A.weight"] = torch.empty(LORA_RANK, weight.shape[1])
        pairs[f"{layer}.lora_B.weight"] = torch.empty(weight.shape[0], LORA_RANK)
    return fill(pairs, seed, rules)
