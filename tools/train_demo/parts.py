"""Writes what was learned to the parts that ship with Kinora, none over 9 MB; demo_models puts them together."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from demo_models.trained import FOLDER

_LARGEST = 8_500_000  # bytes


def write(name: str, tensors: dict[str, Tensor]) -> None:
    """Writes tensors, floats as bfloat16, into as many files as are needed: name-1, name-2, …"""
    for old in FOLDER.glob(f"{name}-*.safetensors"):
        old.unlink()
    FOLDER.mkdir(exist_ok=True)
    parts: list[dict[str, Tensor]] = [{}]
    room = _LARGEST
    for key, tensor in tensors.items():
        kept = (tensor.bfloat16() if tensor.is_floating_point() else tensor).cpu().contiguous()
        size = kept.numel() * kept.element_size()
        if size > room:
            parts.append({})
            room = _LARGEST
        parts[-1][f"{name}.{key}"] = kept
        room -= size
    for number, part in enumerate(parts, start=1):
        safetensors.torch.save_file(part, FOLDER / f"{name}-{number}.safetensors")


def write_pictures(code: dict[str, Tensor]) -> None:
    """The code of pictures, with all its digits."""
    FOLDER.mkdir(exist_ok=True)
    tensors = {f"picture.{name}": tensor.contiguous() for name, tensor in code.items()}
    safetensors.torch.save_file(tensors, FOLDER / "picture.safetensors")


def write_course(average: dict[str, Tensor], words: bytes) -> None:
    """The transformer but for its connectors, which are made, and the text side with its tokenizer."""
    inside = {name.removeprefix("transformer."): tensor for name, tensor in average.items() if name[:5] == "trans"}
    write("transformer", {name: tensor for name, tensor in inside.items() if "embeddings_connector" not in name})
    text = {name: tensor for name, tensor in average.items() if not name.startswith("transformer.")}
    write("words", {**text, "model": torch.frombuffer(bytearray(words), dtype=torch.uint8)})


def size() -> int:
    """Bytes of all parts."""
    return sum(Path(part).stat().st_size for part in FOLDER.glob("*.safetensors"))
