"""Wan's video VAEs, made and not trained: a latent keeps the mean colour of its square in the last of its frames.

Convolutions only move and mix numbers, and the residual blocks between them add nothing. Before the last layers of
encoder and decoder stand a normalisation and SiLU: each colour goes there as itself and once more negated, because
silu(x) - silu(-x) = x, beside a channel so large that the normalisation divides by it alone.

Wan 2.1's (Qwen Image has the same one) squares have 8 pixels on a side, and smooth transitions. Wan 2.2's have 16; it
brings shortcuts of its own, which average and repeat, and from which alone the picture is made here.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS
from demo_models.weights import Fill, Rules, constant

_LARGE = 50.0
_PAIRS = 2 * len(COLOURS)  # each colour and the same negated
_THIS = 2  # tap of a causal kernel
_REACH = 2.0  # of a normalised latent for the lightest and the darkest

_SIGNS = torch.stack([COLOURS, -COLOURS], 1).flatten(0, 1)  # pairs [6, 3] from red, green, blue
_UNPAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0, -1.0]]))  # [3, 6], after SiLU
_PAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0], [-1.0]]))  # [6, 3]


def _centre(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """A new weight, and the view of its middle tap (its last one in time): a matrix."""
    weight = torch.zeros_like(tensor)
    middle = tensor.shape[-1] // 2
    return weight, weight[:, :, -1, middle, middle] if tensor.dim() == 5 else weight[:, :, middle, middle]


def matrix(values: Tensor, rows: Sequence[int] | None = None, columns: Sequence[int] | None = None) -> Fill:
    """A convolution that mixes channels by a matrix and looks at nothing around; rows and columns say where it is."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight, centre = _centre(tensor)
        rows_, columns_ = rows or range(len(values)), columns or range(values.shape[1])
        for row, values_ in zip(rows_, values, strict=True):
            centre[row, list(columns_)] = values_
        return weight

    return make


def at(place: int, value: float) -> Fill:
    """A bias of one channel."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[place] = value
        return bias

    return make


def halved(tensor: Tensor, _generator: Generator) -> Tensor:
    """resample.1.weight of an encoder: the mean of 2 x 2."""
    weight = torch.zeros_like(tensor)
    weight[:, :, :2, :2] = torch.eye(*tensor.shape[:2])[:, :, None, None] / 4
    return weight


def doubled(tensor: Tensor, _generator: Generator) -> Tensor:
    """resample.1.weight of a decoder, after each was repeated: smooth transitions to the neighbours."""
    side = torch.tensor([0.25, 0.5, 0.25])
    return torch.einsum("oi,y,x->oiyx", torch.eye(*tensor.shape[:2]), side, side)


def last_frame(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_conv.weight of an encoder."""
    weight = torch.zeros_like(tensor)
    weight[:, :, _THIS, 0, 0] = torch.eye(len(tensor))
    return weight


def same_frames(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_conv.weight of a decoder: two frames, [2 x channels, channels, 3, 1, 1]."""
    weight = torch.zeros_like(tensor)
    weight[:, :, _THIS, 0, 0] = torch.eye(tensor.shape[1]).repeat(2, 1)
    return weight


def straight_through(tensor: Tensor, _generator: Generator) -> Tensor:
    """A shortcut between different numbers of channels."""
    weight, centre = _centre(tensor)
    centre[:] = torch.eye(*tensor.shape[:2])
    return weight


def _gamma(tensor: Tensor, _generator: Generator) -> Tensor:
    """So that the normalisation, which makes the size sqrt(channels), gives the channels their size back."""
    return torch.full_like(tensor, _LARGE / len(tensor) ** 0.5)


class Latents:
    """How colours stand in a family's latents: `mean` and `deviation` of each, as ComfyUI's latent format has them."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        self.mean = mean.flatten()[: len(COLOURS)]
        self.scale = deviation.flatten()[: len(COLOURS)] * _REACH

    def bias(self, tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[: len(self.mean)] = self.mean
        return bias

    def to(self, gain: float = 1.0, columns: Sequence[int] | None = None) -> Fill:
        """From pairs to latents."""
        return matrix(gain * self.scale[:, None] * _UNPAIRED, columns=columns)

    def back(self, rows: Sequence[int] | None = None, times: int = 1) -> Fill:
        """From latents to pairs, each as often as said."""
        return matrix((_PAIRED / self.scale).repeat_interleave(times, dim=0), rows=rows)

    def back_bias(self, rows: Sequence[int] | None = None, times: int = 1) -> Fill:
        offsets = -(_PAIRED @ (self.mean / self.scale)).repeat_interleave(times)

        def make(tensor: Tensor, _generator: Generator) -> Tensor:
            bias = torch.zeros_like(tensor)
            bias[list(rows or range(len(offsets)))] = offsets
            return bias

        return make


def to_pairs(tensor: Tensor, generator: Generator) -> Tensor:
    """The encoder's first convolution: pixels, or 2 x 2 of them with the colour first, to pairs."""
    places = tensor.shape[1] // 3
    return matrix(_SIGNS.repeat_interleave(places, dim=1) / places)(tensor, generator)


def to_pixels(tensor: Tensor, generator: Generator) -> Tensor:
    """The decoder's last one: pairs to pixels, or to 2 x 2 of them."""
    places = len(tensor) // 3
    return matrix((COLOURS.T @ _UNPAIRED).repeat_interleave(places, dim=0))(tensor, generator)


def smoother(tensor: Tensor, generator: Generator) -> Tensor:
    """resample.1.weight of Wan 2.2's decoder: makes smooth transitions of the repetition that its shortcut adds."""
    weight = doubled(tensor, generator)
    weight[:, :, 1, 1] -= torch.eye(*tensor.shape[:2])
    return weight


def every_second(tensor: Tensor, _generator: Generator) -> Tensor:
    """A shortcut where two channels hold the same."""
    weight, centre = _centre(tensor)
    centre[:] = torch.eye(len(tensor)).repeat_interleave(tensor.shape[1] // len(tensor), dim=1)[:, : tensor.shape[1]]
    centre[:, 1::2] = 0
    return weight


_NOTHING: Rules = [  # all that is left
    (r"gamma$", constant(1.0)),
    (r".", constant(0.0)),
]


def two_one(latent_format: Any) -> Rules:
    """Of Wan 2.1's VAE."""
    latents = Latents(latent_format.latents_mean, latent_format.latents_std)
    return [
        (r"^encoder\.conv1\.weight", to_pairs),
        (r"^encoder.*resample\.1\.weight", halved),
        (r"^encoder.*time_conv\.weight", last_frame),
        (r"shortcut\.weight", straight_through),
        (r"^encoder\.middle\.2\.residual\.6\.bias", at(-1, _LARGE)),
        (r"head\.0\.gamma", _gamma),
        (r"^encoder\.head\.2\.weight", latents.to()),
        (r"^encoder\.head\.2\.bias", latents.bias),
        (r"^conv[12]\.weight", straight_through),
        (r"^decoder\.conv1\.weight", latents.back()),
        (r"^decoder\.conv1\.bias", latents.back_bias()),
        (r"^decoder.*time_conv\.weight", same_frames),
        (r"^decoder.*resample\.1\.weight", doubled),
        (r"^decoder\.upsamples\.11\.resample\.1\.bias", at(-1, _LARGE)),
        (r"^decoder\.head\.2\.weight", to_pixels),
        *_NOTHING,
    ]


def two_two(latent_format: Any) -> Rules:
    """Of Wan 2.2's. Its shortcut puts the later one of two frames into every second channel, twice in a row; where the
    decoder's takes a picture's upper rows from one channel and the lower from the next, both hold the same."""
    latents = Latents(latent_format.latents_mean, latent_format.latents_std)
    last = [4 * pair + 3 for pair in range(_PAIRS)]
    twice = [place for pair in range(_PAIRS) for place in (2 * pair, 2 * pair + 1)]
    return [
        (r"^encoder\.conv1\.weight", to_pairs),
        (r"^encoder\.middle\.2\.residual\.6\.bias", at(-1, _LARGE)),
        (r"head\.0\.gamma", _gamma),
        (r"^encoder\.head\.2\.weight", latents.to(0.5, last)),  # the last level adds its shortcut to the same
        (r"^encoder\.head\.2\.bias", latents.bias),
        (r"^conv[12]\.weight", straight_through),
        (r"^decoder\.conv1\.weight", latents.back(twice, 2)),
        (r"^decoder\.conv1\.bias", latents.back_bias(twice, 2)),
        (r"^decoder.*time_conv\.weight", same_frames),
        (r"^decoder.*resample\.1\.weight", smoother),
        (r"^decoder\.upsamples\.2\.upsamples\.0\.shortcut\.weight", every_second),
        (r"^decoder\.upsamples\.3\.upsamples\.0\.shortcut\.weight", straight_through),
        (r"^decoder\.upsamples\.3\.upsamples\.0\.shortcut\.bias", at(-1, _LARGE)),
        (r"^decoder\.head\.2\.weight", to_pixels),
        *_NOTHING,
    ]
