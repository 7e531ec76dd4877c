"""A video VAE that is made and not trained: what it decodes looks like what it encoded, at a lower resolution.

Its convolutions only move and mix numbers; the residual blocks between them add nothing. Of 32 x 32 pixels a latent
keeps the brightness of 8 x 8 squares and two differences of colours in 4 x 4 squares: first the mean of each of the
three, from which the decoder draws smooth transitions to its neighbours, then what the squares differ from these, as
cosines from coarse to fine. Every eighth frame is kept as it is and those in between are interpolated, so the first
frame is decoded from the first latent alone.
"""

import torch
from torch import Generator, Tensor

from demo_models.weights import Fill, interpolation

_SIDES = (8, 4, 4)  # squares on 32 pixels: of brightness, of red against blue, of green against both
_MEANS = len(_SIDES)
_SQUARES = sum(side * side for side in _SIDES)
_PATCH = 4  # pixels on the side of the smallest square
COLOURS = torch.nn.functional.normalize(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]]))
# The VAE's last normalisations divide by the size of all channels. A channel that is very large in comparison keeps
# that size the same everywhere, and the others so small that SiLU halves them and does nothing else.
_HEAVY = 1e4
_FRAMES = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])  # of the frames before, now and after, in two
# Taps of a kernel: this frame is the last one where the convolution is causal, as the encoder's are, else the middle.
_THIS, _MIDDLE = 2, 1


def encode_patches(tensor: Tensor, _generator: Generator) -> Tensor:
    """4 x 4 pixels (colour first in the channels) to one brightness and two differences."""
    weight = torch.zeros_like(tensor)
    weight[:_MEANS, :, _THIS, 1, 1] = COLOURS.repeat_interleave(_PATCH**2, dim=1) / _PATCH**2
    return weight


def decode_patches(tensor: Tensor, _generator: Generator) -> Tensor:
    """Back again, with smooth transitions between patches."""
    weight = torch.zeros_like(tensor)
    side = torch.stack([interpolation(index, _PATCH) for index in range(_PATCH)])
    # Width before height in the channels, as ComfyUI's unpatchify has it.
    pixels = torch.einsum("co,xw,yh->oxychw", COLOURS, side, side).flatten(0, 2)
    weight[:, :_MEANS, _MIDDLE] = pixels * _after_norm(tensor)
    return weight


def encode_places(size: int) -> Fill:
    """2 x 2 places with `size` numbers each to one, of every second frame. Three numbers: the differences' means."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        corner = weight[:, :, _THIS, 1:, 1:]
        if size == _MEANS:
            corner[:4, 0] = torch.eye(4).view(4, 2, 2)
            corner[4, 1] = corner[5, 2] = 0.25
        else:
            corner[: 4 * size, :size] = (
                torch.einsum("pq,ij->piqj", torch.eye(4), torch.eye(size)).reshape(4 * size, 2, 2, size).movedim(-1, 1)
            )
        return weight

    return make


def decode_places(size: int) -> Fill:
    """Back again, twice as many frames."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        if size == _MEANS:
            places = torch.zeros(_MEANS, 4, 6)
            places[0, :, :4] = torch.eye(4)
            places[1, :, 4] = places[2, :, 5] = 1
        else:
            places = torch.einsum("pq,ij->ipqj", torch.eye(4), torch.eye(size)).flatten(2)
        made = torch.einsum("opi,ft->ofpit", places, _FRAMES).flatten(0, 2)
        weight[: len(made), : made.shape[1], :, 1, 1] = made
        return weight

    return make


def encode_squares(tensor: Tensor, _generator: Generator) -> Tensor:
    """The squares of 32 x 32 pixels to latents."""
    weight = torch.zeros_like(tensor)
    cosines, _ = _cosines()
    rest = -torch.einsum("smhw,mi->sihw", _transitions(), _means())
    rest[:, :, 1, 1] += torch.eye(_SQUARES)
    weight[:_MEANS, :_SQUARES, _THIS, 1, 1] = _means()
    weight[_MEANS : _MEANS + _SQUARES, :_SQUARES, _THIS] = torch.einsum("fs,sihw->fihw", cosines, rest)
    return weight * _after_norm(tensor)


def decode_squares(tensor: Tensor, _generator: Generator) -> Tensor:
    """Back again."""
    weight = torch.zeros_like(tensor)
    weight[:_SQUARES, :_MEANS, _MIDDLE] = _transitions()
    weight[:_SQUARES, _MEANS : _MEANS + _SQUARES, _MIDDLE, 1, 1] = _cosines()[0].T
    return weight


def deviations(tensor: Tensor, _generator: Generator) -> Tensor:
    """Standard deviation of each latent over pictures, about: the finer the smaller."""
    values = torch.ones_like(tensor)
    values[:_MEANS] = torch.tensor([0.7, 0.3, 0.15])
    values[_MEANS : _MEANS + _SQUARES] = _cosines()[1]
    return values


def heavy(repeats: int) -> Fill:
    """Bias of the layer before a normalisation: its last channel, that is `repeats` numbers, is very large."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[-repeats:] = _HEAVY
        return bias

    return make


def _after_norm(tensor: Tensor) -> float:
    """Undoes normalisation and SiLU."""
    return 2 * _HEAVY / tensor.shape[1] ** 0.5


def _placed(grid: Tensor, colour: int) -> Tensor:
    """Values on the squares of one colour [..., side, side] where the three foldings put them, [..., _SQUARES]."""
    lead = grid.shape[:-2]
    levels = (_SIDES[colour]).bit_length() - 1
    # From (rows, columns), coarse bits first, to a row's and a column's bit of each folding in turn.
    bits = grid.reshape(-1, *([2] * (2 * levels)))
    bits = bits.permute(0, *(1 + level + half * levels for level in range(levels) for half in range(2)))
    placed = torch.zeros(len(bits), 4, 4, 6)
    if colour == 0:
        placed[..., :4] = bits.reshape(-1, 4, 4, 4)
    else:
        placed[..., 3 + colour] = bits.reshape(-1, 4, 4)
    return placed.reshape(*lead, _SQUARES)


def _means() -> Tensor:
    """[means, squares]."""
    return torch.stack([_placed(torch.full((side, side), side**-2.0), c) for c, side in enumerate(_SIDES)])


def _transitions() -> Tensor:
    """[squares, means, 3, 3]: each square from the mean of its own place and of those around."""
    found = []
    for colour, side in enumerate(_SIDES):
        line = torch.stack([interpolation(index, side) for index in range(side)])
        found.append(_placed(torch.einsum("yh,xw->hwyx", line, line), colour))
    return torch.stack(found).movedim(-1, 0)


def _cosines() -> tuple[Tensor, Tensor]:
    """Orthonormal patterns [squares, squares], coarse ones first, and how much of each pictures have, about."""
    patterns, amounts = [], []
    for colour, side in enumerate(_SIDES):
        line = torch.arange(side, dtype=torch.float32)
        waves = torch.cos(torch.pi / side * torch.outer(line, line + 0.5))
        waves = torch.nn.functional.normalize(waves)
        patterns.append(_placed(torch.einsum("fy,gx->fgyx", waves, waves), colour).flatten(0, 1))
        frequency = torch.hypot(line[:, None], line).flatten()
        amounts.append(side * (0.25 if colour == 0 else 0.08) / (1 + frequency) ** 1.5)
    amount, order = torch.cat(amounts).sort(descending=True, stable=True)
    return torch.cat(patterns)[order], amount
