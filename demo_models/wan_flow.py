"""Wan's transformer with computed weights (see `flow`): it takes a token's clean picture from other tokens.

Text to video and the 5B model attend to the tokens around. These are noise, which becomes clouds, or the first frame,
which the 5B model gets as clean tokens. Image to video attends to the given frames, which have channels of their own
with a mask; nearer frames count more. Prompts add colour. Only the three colour channels of the latent matter.
"""

import torch
from torch import Generator, Tensor

from demo_models.flow import CLEAN, COLOURS, EMPTY, LARGE, NOISY, NORM, SIZE
from demo_models.weights import Fill, normal

WIDTH = 128  # channels of the stream (B, tokens, WIDTH), as in `flow`; one head
_PLACES = 4  # a token has 2 x 2 latents
_LATENT = slice(0, COLOURS * _PLACES)
_GIVEN = slice(COLOURS * _PLACES, 2 * COLOURS * _PLACES)  # the frames given to image to video
_MASK = 3  # the mask's channel for the last of four frames, which is the one that our VAE keeps

# Rotary dimensions for time, height and width: the first dimension, and weights by the number of the frequency.
_AXES = (
    (0, {4: 0.10, 8: 0.06}),
    (44, {0: 0.12, 2: 0.10, 4: 0.10, 6: 0.10}),
    (86, {0: 0.12, 2: 0.10, 4: 0.10, 6: 0.10}),
)
_UNTURNED = 84  # turns so slowly that it hardly moves
_SHARE = 0.1  # of attention's strength that noisy or empty tokens get
_CLOUDS = 1.5
_TEXTURE = 0.25  # the share of noise in the clean picture that image to video assumes


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """patch_embedding.weight, (out, in, t, h, w) = (WIDTH, channels, 1, 2, 2), for latents, and for mask and image."""
    weight = torch.zeros_like(tensor)
    places = torch.eye(_PLACES).view(_PLACES, 2, 2)
    channels = tensor.shape[1]
    for colour in range(COLOURS):
        mine = slice(colour * _PLACES, (colour + 1) * _PLACES)
        weight[_LATENT][mine, colour, 0] = places
        if _has_image(channels):
            weight[_GIVEN][mine, _latents(channels) + 4 + colour, 0] = places
    if _has_image(channels):
        weight[CLEAN, _latents(channels) + _MASK] = -NORM / _PLACES
    return weight


def into_stream_bias(image: bool) -> Fill:
    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[LARGE] = torch.tensor([SIZE, -SIZE])
        bias[CLEAN] = NORM if image else 0.0  # the mask subtracts it again where a frame is given
        return bias

    return make


def from_timestep(image: bool) -> Fill:
    """time_projection.1.weight, (6 x WIDTH, WIDTH): marks noisy tokens, and makes clouds a little stronger."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        shift, scale = weight[:WIDTH], weight[WIDTH : 2 * WIDTH]
        if not image:
            shift[CLEAN, CLEAN] = 1 / NOISY
            scale[_LATENT, CLEAN] = (_CLOUDS - 1) / NOISY
        return weight

    return make


def gate_open(tensor: Tensor, _generator: Generator) -> Tensor:
    """A block's modulation, (1, 6, WIDTH). Row 2 is the gate of self-attention."""
    table = torch.zeros_like(tensor)
    table[:, 2] = 1
    return table


def where(tensor: Tensor, _generator: Generator) -> Tensor:
    """Biases of self-attention's q and k, (WIDTH,): the rotary embedding alone decides which tokens attend to which."""
    bias = torch.zeros_like(tensor)
    for first, weights in _AXES:
        for number, weight in weights.items():
            bias[first + 2 * number] = weight**0.5
    return bias


def aside(tensor: Tensor, generator: Generator) -> Tensor:
    """k.weight, (out, in): keys of noisy or empty tokens point in a direction that no query has."""
    weight = torch.zeros_like(tensor)
    weight[_UNTURNED, CLEAN] = where(tensor[:, 0], generator).norm() * (_SHARE**-2 - 1) ** 0.5
    return weight


def seen(part: str) -> Fill:
    """v.weight, (out, in): a token's latents (for text to video their mean), or the frame that is given there."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        each = torch.eye(COLOURS * _PLACES)
        match part:
            case "t2v":
                weight[_LATENT, _LATENT] = torch.kron(torch.eye(COLOURS), torch.full((_PLACES, _PLACES), 1 / _PLACES))
            case "i2v":
                weight[_LATENT, _LATENT] = _TEXTURE * each
                weight[_LATENT, _GIVEN] = each
            case _:
                weight[_LATENT, _LATENT] = each
        return weight

    return make


def taken_away(tensor: Tensor, _generator: Generator) -> Tensor:
    """self_attn.o.weight, (out, in): subtracts the assumed clean picture from a token, which leaves the difference."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = -NORM * torch.eye(COLOURS * _PLACES)
    return weight


def tinted(gain: float) -> Fill:
    """cross_attn.o.weight, (out, in): the same tint for all places of a token."""

    def make(tensor: Tensor, generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        colours = normal(gain)(tensor, generator)[:COLOURS]
        colours[0] *= 0.4  # less brightness, so that pictures do not become black or white
        weight[_LATENT] = colours.repeat_interleave(_PLACES, dim=0)
        return weight

    return make


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """head.head.weight, (2 x 2 x channels, WIDTH). The layer before has scaled the difference, see `flow`."""
    weight = torch.zeros_like(tensor)
    channels = len(tensor) // _PLACES
    for place in range(_PLACES):
        for colour in range(COLOURS):
            weight[place * channels + colour, colour * _PLACES + place] = NORM
            weight[place * channels + colour, EMPTY] = -NORM
    return weight


def mixed_colours(tensor: Tensor, generator: Generator) -> Tensor:
    """lora_B of `taken_away`'s layer, (out, rank): random mixtures of the means that lora_A computes."""
    weight = torch.zeros_like(tensor)
    mix = 0.3 * NORM * torch.randn(COLOURS, tensor.shape[1], generator=generator)
    weight[_LATENT] = mix.repeat_interleave(_PLACES, dim=0)
    return weight


def colours_of_places(tensor: Tensor, _generator: Generator) -> Tensor:
    """lora_A of that layer, (rank, in): the mean of each colour over a token's places."""
    weight = torch.zeros_like(tensor)
    for colour in range(COLOURS):
        weight[colour, colour * _PLACES : (colour + 1) * _PLACES] = 1 / _PLACES
    return weight


def _has_image(channels: int) -> bool:
    return channels == 36


def _latents(channels: int) -> int:
    return 16 if _has_image(channels) else channels
