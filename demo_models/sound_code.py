"""An audio VAE and a vocoder with computed weights. They keep how loud each of 16 bands is.

The encoder writes means of the mel spectrogram over 4 frames and 4 bins into the first of a latent's 8 channels:
(B, 2, T, 64) becomes (B, 8, T / 4, 16). The decoder interpolates linearly between them. The vocoder has a tone in the
middle of each band; it is a multiple of 100 hertz, so the waves of a frame continue those of the frame before. A mel
spectrogram has logarithms. They are squared three times, which is nearer to loudness.
"""

from math import pi, sin

import torch
from torch import Generator, Tensor

from demo_models.weights import Fill

BANDS, BINS = 16, 64
FLOOR = -11.513  # the logarithm of the least value of ComfyUI's AudioPreprocessor
MEAN, DEVIATION = -8.0, 2.0  # approximately, of the logarithms
RATE, HOP = 16_000, 160  # of the vocoder: samples per second, and samples per frame
_SPAN = 11.0  # from FLOOR to the loudest sound
_HEAVY = 1e6  # as in picture_code: normalisations divide by this channel alone
_THIS = 2  # a kernel's tap in time
_VOLUME = 0.35
_BEND = 0.8  # up to here sin(x) is nearly x, so sin(x)² is nearly x²
_SQUARE = sin(_BEND) ** 2
_NONE = 30.0  # the logarithm of the divisor of snake's square: so large that nothing is left of it
TONES = (100, 300, 500, 700, 900, 1000, 1300, 1500, 1800, 2200, 2600, 3100, 3700, 4400, 5300, 6300)  # hertz


def loudness(tensor: Tensor, _generator: Generator) -> Tensor:
    """encoder.conv_in.weight, (out, in, t, bins): the mean of left and right."""
    weight = torch.zeros_like(tensor)
    weight[0, :, _THIS, 1] = 0.5
    return weight


def above_floor(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[0] = -FLOOR
    return bias


def halved(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, bins): the mean of 2 frames and 2 bins."""
    weight = torch.zeros_like(tensor)
    weight[0, 0, 1:, :2] = 0.25
    return weight


def heavy(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[-1] = _HEAVY
    return bias


def as_it_is(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, bins) from the first channel to the first channel."""
    weight = torch.zeros_like(tensor)
    weight[0, 0, _THIS, 1] = 1
    return weight


def after_norm(tensor: Tensor, _generator: Generator) -> Tensor:
    """conv_out.weight, (out, in, t, bins): the encoder's first latent channel, or the decoder's left and right."""
    weight = torch.zeros_like(tensor)
    weight[: 2 if len(tensor) == 2 else 1, 0, _THIS, 1] = 2 * _HEAVY / tensor.shape[1] ** 0.5
    return weight


def doubled(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, bins) that interpolates linearly, after every value was repeated."""
    weight = torch.zeros_like(tensor)
    weight[0, 0] = torch.outer(torch.tensor([0.0, 0.5, 0.5]), torch.tensor([0.25, 0.5, 0.25]))
    return weight


def means(tensor: Tensor, _generator: Generator) -> Tensor:
    """mean-of-means of latents, (8 channels x 16 bands,)."""
    values = torch.zeros_like(tensor)
    values[:BANDS] = MEAN - FLOOR
    return values


def deviations(tensor: Tensor, _generator: Generator) -> Tensor:
    values = torch.ones_like(tensor)
    values[:BANDS] = DEVIATION
    return values


def to_bands(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.conv_pre.weight, (out, in, t) = (channels, 2 x 64 bins, 7): 0 to 1 per band, from its middle bins."""
    weight = torch.zeros_like(tensor)
    for band in range(BANDS):
        middle = BINS // BANDS * band + 1
        for side in (0, BINS):
            weight[band, side + middle : side + middle + 2, 3] = 0.25 / _SPAN
    return weight


def kept(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.ups.0.weight, (in, out, 1), as transposed convolutions have it."""
    return torch.eye(*tensor.shape[:2])[..., None]


def before_square(number: int) -> Fill:
    """convs1 of the vocoder's first block, (out, in, t): restores the size that the squares before have reduced."""
    return lambda tensor, _generator: _only_middle(tensor, _SQUARE**-number)


def after_square(number: int) -> Fill:
    """convs2, (out, in, t): subtracts the value itself, so its negative square is left."""
    return lambda tensor, _generator: _only_middle(tensor, -(_SQUARE**number))


def snake(name: str) -> Fill:
    """Logarithms of snake's two parameters, (channels,): for a square, or for no effect."""
    value = {"square alpha": torch.tensor(_BEND).log().item(), "square beta": 0.0, "none": _NONE}[name]
    return lambda tensor, _generator: torch.full_like(tensor, value)


def tones(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.ups.1.weight, (in, out, 2 x HOP): the tone of each band, which fades in and out over two frames."""
    weight = torch.zeros_like(tensor)
    time = torch.arange(2 * HOP) + 0.5
    fading = 1 - (time / HOP - 1).abs()
    for band, hertz in enumerate(TONES):
        wave = torch.sin(2 * pi * hertz * time / RATE + band**2)  # equal phases would add up to clicks
        weight[band, 0] = -_VOLUME / _SQUARE**3 * fading * wave
    return weight


def both_sides(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.conv_post.weight, (out, in, t) = (2, channels, 7): left and right are the same."""
    weight = torch.zeros_like(tensor)
    weight[:, 0, 3] = 1
    return weight


def _only_middle(tensor: Tensor, gain: float) -> Tensor:
    weight = torch.zeros_like(tensor)
    weight[..., tensor.shape[-1] // 2] = gain * torch.eye(*tensor.shape[:2])
    return weight
