"""The trained weights of the demo models. Kinora ships them in parts; see docs/demo-models.md and tools/train_demo."""

import functools
from pathlib import Path

import safetensors.torch
from torch import Tensor

FOLDER = Path(__file__).parent / "parts"


@functools.cache
def tensors() -> dict[str, Tensor]:
    """Returns all by name, as float32. Names begin with `picture.`, `words.`, `transformer.` or `lora-<part>.`."""
    found = {}
    for part in sorted(FOLDER.glob("*.safetensors")):
        for name, tensor in safetensors.torch.load_file(part).items():
            found[name] = tensor.float() if tensor.is_floating_point() else tensor
    return found


def tensor(name: str) -> Tensor:
    return tensors()[name]


def beginning(prefix: str) -> dict[str, Tensor]:
    """Returns the tensors whose names begin with `prefix`, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors().items() if name.startswith(prefix)}
