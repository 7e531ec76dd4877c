"""Wan's video VAEs with computed weights. A latent keeps the mean colour of a square in the last of its frames.

Convolutions only move and mix numbers, and the residual blocks between them add nothing. A normalisation and SiLU
precede the last layers of encoder and decoder. So each colour has two channels there, of which one is negated, because
silu(x) - silu(-x) = x. Another channel is so large that the normalisation divides by it alone.

Squares of Wan 2.1, whose VAE Qwen Image also uses, have 8 pixels on a side and smooth transitions: (B, 3, T, H, W)
becomes (B, 16, (T - 1) / 4 + 1, H / 8, W / 8). Those of Wan 2.2 have 16 pixels, and latents are
(B, 48, (T - 1) / 4 + 1, H / 16, W / 16). That VAE has shortcuts that average and repeat, and here they alone make the
picture.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS
from demo_models.weights import Fill, Rules, constant

_LARGE = 50.0
_PAIRS = 2 * len(COLOURS)  # each colour and its negative
_THIS = 2  # the tap of a causal kernel for this frame
_REACH = 2.0  # size of a normalised latent for the lightest and the darkest colour

_SIGNS = torch.stack([COLOURS, -COLOURS], 1).flatten(0, 1)  # (6, 3): pairs from red, green and blue
_UNPAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0, -1.0]]))  # (3, 6), after SiLU
_PAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0], [-1.0]]))  # (6, 3)


def _centre(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """Returns a weight of zeros, and a view (out, in) of its tap in the middle, or the last one in time."""
    weight = torch.zeros_like(tensor)
    middle = tensor.shape[-1] // 2
    return weight, weight[:, :, -1, middle, middle] if tensor.dim() == 5 else weight[:, :, middle, middle]


def matrix(values: Tensor, rows: Sequence[int] | None = None, columns: Sequence[int] | None = None) -> Fill:
    """Weight (out, in[, t], h, w) that mixes channels by a matrix in the given rows and columns."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight, centre = _centre(tensor)
        rows_, columns_ = rows or range(len(values)), columns or range(values.shape[1])
        for row, values_ in zip(rows_, values, strict=True):
            centre[row, list(columns_)] = values_
        return weight

    return make


def at(place: int, value: float) -> Fill:
    """A bias (out,) of one channel."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[place] = value
        return bias

    return make


def halved(tensor: Tensor, _generator: Generator) -> Tensor:
    """resample.1.weight of an encoder, (out, in, h, w): the mean of 2 x 2."""
    weight = torch.zeros_like(tensor)
    weight[:, :, :2, :2] = torch.eye(*tensor.shape[:2])[:, :, None, None] / 4
    return weight


def doubled(tensor: Tensor, _generator: Generator) -> Tensor:
    """resample.1.weight of a decoder, (out, in, h, w): smooth transitions, after each value was repeated."""
    side = torch.tensor([0.25, 0.5, 0.25])
    return torch.einsum("oi,y,x->oiyx", torch.eye(*tensor.shape[:2]), side, side)


def last_frame(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_conv.weight of an encoder, (out, in, t, h, w): keeps the last frame."""
    weight = torch.zeros_like(tensor)
    weight[:, :, _THIS, 0, 0] = torch.eye(len(tensor))
    return weight


def same_frames(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_conv.weight of a decoder, (2 x channels, channels, 3, 1, 1): makes two equal frames."""
    weight = torch.zeros_like(tensor)
    weight[:, :, _THIS, 0, 0] = torch.eye(tensor.shape[1]).repeat(2, 1)
    return weight


def straight_through(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in[, t], h, w) of a shortcut between different numbers of channels."""
    weight, centre = _centre(tensor)
    centre[:] = torch.eye(*tensor.shape[:2])
    return weight


def _gamma(tensor: Tensor, _generator: Generator) -> Tensor:
    """gamma of a normalisation, which makes the size sqrt(channels): restores the size."""
    return torch.full_like(tensor, _LARGE / len(tensor) ** 0.5)


class Latents:
    """How a family's latents represent colours: `mean` and `deviation` of each, as in ComfyUI's latent format."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        self.mean = mean.flatten()[: len(COLOURS)]
        self.scale = deviation.flatten()[: len(COLOURS)] * _REACH

    def bias(self, tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[: len(self.mean)] = self.mean
        return bias

    def to(self, gain: float = 1.0, columns: Sequence[int] | None = None) -> Fill:
        """Weight from pairs to latents."""
        return matrix(gain * self.scale[:, None] * _UNPAIRED, columns=columns)

    def back(self, rows: Sequence[int] | None = None, times: int = 1) -> Fill:
        """Weight from latents to pairs, each of them `times` times."""
        return matrix((_PAIRED / self.scale).repeat_interleave(times, dim=0), rows=rows)

    def back_bias(self, rows: Sequence[int] | None = None, times: int = 1) -> Fill:
        offsets = -(_PAIRED @ (self.mean / self.scale)).repeat_interleave(times)

        def make(tensor: Tensor, _generator: Generator) -> Tensor:
            bias = torch.zeros_like(tensor)
            bias[list(rows or range(len(offsets)))] = offsets
            return bias

        return make


def to_pairs(tensor: Tensor, generator: Generator) -> Tensor:
    """Weight of the encoder's first convolution: from pixels, or 2 x 2 of them with the colour first, to pairs."""
    places = tensor.shape[1] // 3
    return matrix(_SIGNS.repeat_interleave(places, dim=1) / places)(tensor, generator)


def to_pixels(tensor: Tensor, generator: Generator) -> Tensor:
    """Weight of the decoder's last convolution: from pairs to pixels, or to 2 x 2 of them."""
    places = len(tensor) // 3
    return matrix((COLOURS.T @ _UNPAIRED).repeat_interleave(places, dim=0))(tensor, generator)


def smoother(tensor: Tensor, generator: Generator) -> Tensor:
    """resample.1.weight of Wan 2.2's decoder, (out, in, h, w): smooths the repetition that its shortcut adds."""
    weight = doubled(tensor, generator)
    weight[:, :, 1, 1] -= torch.eye(*tensor.shape[:2])
    return weight


def every_second(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight of a shortcut whose inputs have pairs of equal channels: takes one of each pair."""
    weight, centre = _centre(tensor)
    centre[:] = torch.eye(len(tensor)).repeat_interleave(tensor.shape[1] // len(tensor), dim=1)[:, : tensor.shape[1]]
    centre[:, 1::2] = 0
    return weight


_NOTHING: Rules = [  # for all other tensors
    (r"gamma$", constant(1.0)),
    (r".", constant(0.0)),
]


def two_one(latent_format: Any) -> Rules:
    """Returns the rules of Wan 2.1's VAE."""
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
    """Returns the rules of Wan 2.2's VAE.

    Its encoder's shortcut puts the later one of two frames into every second channel, and this happens twice. Its
    decoder's shortcut takes upper rows from one channel and lower rows from the next one, so both are the same.
    """
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
