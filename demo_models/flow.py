"""What the computed transformers of Wan and Qwen Image share: how a timestep becomes numbers that a layer can use.

The timestep says which tokens are clean, and how far the others are from clean. The slowest sine of its embedding is
nearly linear in the timestep. Functions of the timestep are piecewise linear in that sine, and bend at LEVELS.
"""

import itertools

import torch
from torch import Generator, Tensor

WIDTH = 128  # channels of the stream (B, tokens, WIDTH)
COLOURS = 3  # latent channels that carry the mean brightness and the two differences of colours
CLEAN, EMPTY = WIDTH - 4, WIDTH - 3  # channels of the stream: 1 where a token is noisy; always 0
LARGE, SIZE = slice(WIDTH - 2, WIDTH), 40.0
NORM = SIZE * (2 / WIDTH) ** 0.5  # what a normalisation divides by

# A given first frame counts as clean; at strength 0.7 it still has a timestep of 0.3. The last step of the schedules
# starts at 0.42. The numbers are large, because SiLU follows and must leave them as they are.
NOISY = 20.0
_NOISY_AT = [(0.0, 0.0), (0.33, 0.0), (0.39, NOISY), (1.0, NOISY)]
WAY_AT = [(level, 1 / level) for level in (0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.42, 0.6, 0.8, 1.0)]
LEVELS = sorted({level for level, _ in _NOISY_AT + WAY_AT})
SHARPNESS = 400.0
_SLOWEST = -1  # the input with the sine of the lowest frequency
_SLOWEST_SLOPE = 1000 * 10_000 ** (-127 / 128)


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first linear layer of the timestep, (out, in): after SiLU, how far the timestep is above each of LEVELS."""
    weight = torch.zeros_like(tensor)
    weight[: len(LEVELS), _SLOWEST] = SHARPNESS / _SLOWEST_SLOPE
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(LEVELS)] = -SHARPNESS * torch.tensor(LEVELS)
    return bias


def of_timestep(tensor: Tensor, _generator: Generator) -> Tensor:
    """The second linear layer, (out, in): all channels get 1 / timestep, but CLEAN gets whether a token is noisy."""
    weight = torch.zeros_like(tensor)
    weight[:, : len(LEVELS)] = bends(WAY_AT) / SHARPNESS
    weight[CLEAN, : len(LEVELS)] = bends(_NOISY_AT) / SHARPNESS
    return weight


def of_timestep_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.full_like(tensor, WAY_AT[0][1] - 1)  # the layer it scales adds 1
    bias[CLEAN] = 0
    return bias


def bends(points: list[tuple[float, float]]) -> Tensor:
    """Returns by how much the slope of the line through the points changes at each of LEVELS: (levels,)."""
    changes = dict.fromkeys(LEVELS, 0.0)
    before = 0.0
    for (start, value), (end, next_value) in itertools.pairwise(points):
        slope = (next_value - value) / (end - start)
        changes[start] += slope - before
        before = slope
    return torch.tensor(list(changes.values()))
