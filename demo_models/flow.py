"""The video's side of a transformer that is made and not trained: it obeys what a run is given.

What it takes for the clean picture of a token is the picture at the same place in what is given and clean (a first
or last frame, a control video), the nearer in time the more; where nothing is given, the average of the noise
around, which makes soft clouds. Prompt, sound and LoRAs add colour to it. Velocity is the way from there to the
token, divided by the noise that is left; so each sampling step is exact.

Layer by layer: the stream is the latent and two large channels, beside which all else is so small that
normalisations only scale it. Queries and keys are the same everywhere, so that the rotary embedding alone
decides who looks at whom. The timestep says which tokens are clean and how far the others have to go.
"""

import itertools

import torch
from torch import Generator, Tensor

from demo_models.shapes import USED_CHANNELS, VIDEO_WIDTH
from demo_models.weights import Fill

COLOURS = 3  # latent channels with the mean of brightness and the two differences of colours
CLEAN, EMPTY = VIDEO_WIDTH - 4, VIDEO_WIDTH - 3  # channels of the stream: 1 where a token is noisy; always 0
LARGE, SIZE = slice(VIDEO_WIDTH - 2, VIDEO_WIDTH), 40.0
NORM = SIZE * (2 / VIDEO_WIDTH) ** 0.5  # what a normalisation divides by

# The clean: a first frame given at strength 0.7 still has a timestep of 0.3, the last step of the schedules starts at
# 0.42. Large numbers, because SiLU follows and is to leave them as they are.
NOISY = 20.0
_NOISY_AT = [(0.0, 0.0), (0.33, 0.0), (0.39, NOISY), (1.0, NOISY)]
WAY_AT = [(level, 1 / level) for level in (0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.42, 0.6, 0.8, 1.0)]
LEVELS = sorted({level for level, _ in _NOISY_AT + WAY_AT})
SHARPNESS = 400.0
_SLOWEST = -1  # the timestep's sine of the lowest frequency, nearly straight
_SLOWEST_SLOPE = 1000 * 10_000 ** (-127 / 128)

# Frequencies of the rotary embedding by axis, and how much they count: time, height, width. The slow ones, so that
# a control video of half the size, whose tokens lie between four of ours, is nearer than the first frame of long ago.
_FREQUENCIES = ({3: 2.0, 5: 1.0}, {3: 1.0, 4: 1.0, 5: 1.0}, {3: 1.0, 4: 1.0, 5: 1.0})
_SHARE = 0.3  # of attention's strength that noisy tokens get
_CLOUDS = 1.1  # averages of noise are weak


def as_it_is(tensor: Tensor, _generator: Generator) -> Tensor:
    """patchify_proj.weight and to_v.weight of attn1: the channels in use."""
    return torch.diag((torch.arange(len(tensor)) < USED_CHANNELS).float())


def large_channels(tensor: Tensor, _generator: Generator) -> Tensor:
    """patchify_proj.bias: two of opposite sign, so that the mean stays 0."""
    bias = torch.zeros_like(tensor)
    bias[LARGE] = torch.tensor([SIZE, -SIZE])
    return bias


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """adaln_single's linear_1.weight: how far the timestep is above each level, once bent by SiLU."""
    weight = torch.zeros_like(tensor)
    weight[: len(LEVELS), _SLOWEST] = SHARPNESS / _SLOWEST_SLOPE
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(LEVELS)] = -SHARPNESS * torch.tensor(LEVELS)
    return bias


def of_timestep(tensor: Tensor, _generator: Generator) -> Tensor:
    """adaln_single's linear_2.weight: all channels get the way to go, one whether the token is noisy."""
    weight = torch.zeros_like(tensor)
    weight[:, : len(LEVELS)] = bends(WAY_AT) / SHARPNESS
    weight[CLEAN, : len(LEVELS)] = bends(_NOISY_AT) / SHARPNESS
    return weight


def of_timestep_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.full_like(tensor, WAY_AT[0][1] - 1)  # the layer it scales adds 1
    bias[CLEAN] = 0
    return bias


def bends(points: list[tuple[float, float]]) -> Tensor:
    """By how much the slope of the line through the points changes at each of the levels."""
    changes = dict.fromkeys(LEVELS, 0.0)
    before = 0.0
    for (start, value), (end, next_value) in itertools.pairwise(points):
        slope = (next_value - value) / (end - start)
        changes[start] += slope - before
        before = slope
    return torch.tensor(list(changes.values()))


def modulation(tensor: Tensor, _generator: Generator) -> Tensor:
    """adaln_single.linear.weight, [9 x width, width]: noisy tokens say so and show their colours only."""
    weight = torch.zeros_like(tensor)
    shift, scale = weight[:VIDEO_WIDTH], weight[VIDEO_WIDTH : 2 * VIDEO_WIDTH]
    shift[CLEAN, CLEAN] = 1 / NOISY
    scale[:COLOURS, CLEAN] = (_CLOUDS - 1) / NOISY
    scale[COLOURS:USED_CHANNELS, CLEAN] = -1 / NOISY
    return weight


def gates_open(tensor: Tensor, _generator: Generator) -> Tensor:
    """A block's scale_shift_table: rows 2 and 8 are the gates of both attentions."""
    table = torch.zeros_like(tensor)
    table[[2, 8]] = 1
    return table


def where(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_q.bias and to_k.bias of attn1: ones at the chosen frequencies, which the rotary embedding turns."""
    bias = torch.zeros_like(tensor)
    for axis, weights in enumerate(_FREQUENCIES):
        for frequency, weight in weights.items():
            bias[1 + len(_FREQUENCIES) * frequency + axis] = weight**0.5  # the first place is not turned at all
    return bias


def aside(tensor: Tensor, generator: Generator) -> Tensor:
    """to_k.weight of attn1: what is noisy turns mostly to a direction in which nobody looks."""
    weight = torch.zeros_like(tensor)
    strength = where(tensor[:, 0], generator).norm()
    weight[VIDEO_WIDTH // 2 - 1, CLEAN] = strength * (_SHARE**-2 - 1) ** 0.5
    return weight


def taken_away(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_out.weight of attn1: from a token what its clean picture is taken to be, the way is left."""
    return -NORM * torch.eye(len(tensor))


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """proj_out.weight. The layer before it adds the same to all channels, which the empty one cancels."""
    weight = NORM * as_it_is(tensor, _generator)
    weight[:USED_CHANNELS, EMPTY] = -NORM
    return weight


def colours_only(fill: Fill) -> Fill:
    """Of a layer's outputs those that tint the picture."""

    def make(tensor: Tensor, generator: Generator) -> Tensor:
        weight = fill(tensor, generator)
        weight[0] *= 0.4  # less of brightness: nothing drowns in black or white
        weight[COLOURS:] = 0
        return weight

    return make


def mixed_colours(tensor: Tensor, generator: Generator) -> Tensor:
    """lora_B of the layer that takes away, where lora_A gives the first channels: colours from colours."""
    weight = torch.zeros_like(tensor)
    weight[:COLOURS, :COLOURS] = 0.3 * NORM * torch.randn(COLOURS, COLOURS, generator=generator)
    return weight
