"""The words of Z-Image's prompts: what an embedding of the demo text encoder says about a token.

The names of colours, and of some things with a typical colour, have this colour; any other word has a random one.
Punctuation, small words, and the words that ComfyUI puts around a prompt do not count.
"""

import json
from pathlib import Path

import comfy.text_encoders.z_image
import torch
from torch import Generator, Tensor

WIDTH = 10  # colour (3), the opposite of its weight (1), place (4), unused (1), a constant (1)
ALWAYS = 6.0

# Red, green and blue from -1 to 1.
_COLOURS = {
    "red": (0.7, -0.6, -0.6),
    "orange": (0.7, 0.0, -0.7),
    "yellow": (0.7, 0.6, -0.7),
    "green": (-0.6, 0.4, -0.6),
    "blue": (-0.6, -0.3, 0.7),
    "turquoise": (-0.5, 0.5, 0.4),
    "purple": (0.2, -0.6, 0.5),
    "violet": (0.3, -0.4, 0.7),
    "pink": (0.8, 0.0, 0.3),
    "brown": (0.0, -0.3, -0.6),
    "black": (-0.8, -0.8, -0.8),
    "white": (0.8, 0.8, 0.8),
    "grey": (0.0, 0.0, 0.0),
    "gray": (0.0, 0.0, 0.0),
    "gold": (0.6, 0.3, -0.5),
    "golden": (0.6, 0.3, -0.5),
    "silver": (0.3, 0.3, 0.4),
}
_THINGS = {
    "sunset": (0.7, 0.0, -0.3),
    "fire": (0.7, -0.2, -0.7),
    "sand": (0.6, 0.4, 0.0),
    "desert": (0.6, 0.3, -0.1),
    "autumn": (0.5, 0.0, -0.6),
    "forest": (-0.6, 0.0, -0.6),
    "grass": (-0.3, 0.4, -0.7),
    "sea": (-0.6, 0.0, 0.4),
    "ocean": (-0.7, -0.1, 0.4),
    "sky": (-0.2, 0.2, 0.7),
    "night": (-0.8, -0.7, -0.4),
    "snow": (0.7, 0.8, 0.9),
}
_SPACES = "ĠĊĉč"  # as the vocabulary writes blank, new line, tabulator, return
_NAMED, _THING, _WORD, _NOTHING = 0.0, 0.07, (0.17, 0.3), 0.5  # the larger, the less a word counts


def embeddings(tensor: Tensor, generator: Generator) -> Tensor:
    """model.embed_tokens.weight, (vocabulary, WIDTH)."""
    count = len(tensor)
    rows = torch.zeros_like(tensor)
    rows[:, :3] = (0.45 * torch.randn(count, 3, generator=generator)).clamp(-0.8, 0.8)
    rows[:, :3] -= 0.5 * rows[:, :3].mean(1, keepdim=True)  # less brightness, so that colours are clear
    rows[:, 3] = _WORD[0] + (_WORD[1] - _WORD[0]) * torch.rand(count, generator=generator)
    angles = 2 * torch.pi * torch.rand(count, 2, generator=generator)
    rows[:, 4:8] = torch.stack([angles.cos(), angles.sin()], 2).flatten(1)
    rows[:, -1] = ALWAYS
    vocabulary = _vocabulary()
    for known, aside in ((_COLOURS, _NAMED), (_THINGS, _THING)):
        for word, colour in known.items():
            for written in (f"Ġ{word}", word, word.capitalize(), f"Ġ{word.capitalize()}"):
                if written in vocabulary:
                    rows[vocabulary[written], :4] = torch.tensor([*colour, aside])
    rows[_without_meaning(vocabulary, count), :4] = torch.tensor([0.0, 0.0, 0.0, _NOTHING])
    return rows


def _vocabulary() -> dict[str, int]:
    folder = Path(comfy.text_encoders.z_image.__file__).with_name("qwen25_tokenizer")
    return json.loads((folder / "vocab.json").read_text(encoding="utf-8"))


def _without_meaning(vocabulary: dict[str, int], count: int) -> list[int]:
    """Returns the numbers of punctuation, small words, words around a prompt, and rows behind the vocabulary."""
    small = {"a", "an", "the", "of", "in", "on", "at", "and", "with", "to", "user", "assistant"}
    marks = [
        number
        for token, number in vocabulary.items()
        if (word := token.strip(_SPACES)).lower() in small or not any(sign.isalnum() for sign in word)
    ]
    return marks + list(range(len(vocabulary), count))
