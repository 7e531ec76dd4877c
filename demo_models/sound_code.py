"""An audio VAE and a vocoder that are made and not trained: what is heard is how loud each of 16 bands is.

The encoder takes means of the mel spectrogram over 4 frames and 4 bins, in the first of a latent's 8 channels; the
decoder draws straight lines between them. The vocoder has a tone in the middle of each band, a multiple of 100 hertz,
so that one frame's waves go on where the last one's ended. A mel spectrogram is logarithms; squares of squares of
squares make of them what is nearer to loudness.
"""

from math import pi, sin

import torch
from torch import Generator, Tensor

from demo_models.weights import Fill

BANDS, BINS = 16, 64
FLOOR = -11.513  # log of the least that ComfyUI's AudioPreprocessor gives
MEAN, DEVIATION = -8.0, 2.0  # of the logarithms, about
RATE, HOP = 16_000, 160  # of the vocoder: samples a second, samples from one frame to the next
_SPAN = 11.0  # from the floor to as loud as can be
_HEAVY = 1e6  # as in picture_code: normalisations divide by this channel alone
_THIS = 2  # a kernel's tap in time
_VOLUME = 0.35
_BEND = 0.8  # where sines are nearly straight, and their squares squares
_SQUARE = sin(_BEND) ** 2
_NONE = 30.0  # logarithm of what snake's square is divided by, for none
TONES = (100, 300, 500, 700, 900, 1000, 1300, 1500, 1800, 2200, 2600, 3100, 3700, 4400, 5300, 6300)  # hertz


def loudness(tensor: Tensor, _generator: Generator) -> Tensor:
    """encoder.conv_in: both sides' mean."""
    weight = torch.zeros_like(tensor)
    weight[0, :, _THIS, 1] = 0.5
    return weight


def above_floor(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[0] = -FLOOR
    return bias


def halved(tensor: Tensor, _generator: Generator) -> Tensor:
    """Mean of 2 frames and 2 bins."""
    weight = torch.zeros_like(tensor)
    weight[0, 0, 1:, :2] = 0.25
    return weight


def heavy(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[-1] = _HEAVY
    return bias


def as_it_is(tensor: Tensor, _generator: Generator) -> Tensor:
    """First channel to first channel."""
    weight = torch.zeros_like(tensor)
    weight[0, 0, _THIS, 1] = 1
    return weight


def after_norm(tensor: Tensor, _generator: Generator) -> Tensor:
    """conv_out of the encoder: the first latent channel; of the decoder: both sides."""
    weight = torch.zeros_like(tensor)
    weight[: 2 if len(tensor) == 2 else 1, 0, _THIS, 1] = 2 * _HEAVY / tensor.shape[1] ** 0.5
    return weight


def doubled(tensor: Tensor, _generator: Generator) -> Tensor:
    """After every value was written twice: straight lines between them."""
    weight = torch.zeros_like(tensor)
    weight[0, 0] = torch.outer(torch.tensor([0.0, 0.5, 0.5]), torch.tensor([0.25, 0.5, 0.25]))
    return weight


def means(tensor: Tensor, _generator: Generator) -> Tensor:
    """mean-of-means of the latents' 8 channels x 16 bands."""
    values = torch.zeros_like(tensor)
    values[:BANDS] = MEAN - FLOOR
    return values


def deviations(tensor: Tensor, _generator: Generator) -> Tensor:
    values = torch.ones_like(tensor)
    values[:BANDS] = DEVIATION
    return values


def to_bands(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.conv_pre, [channels, 2 x 64 bins, 7]: from 0 to 1 in each band, from the two bins in its middle."""
    weight = torch.zeros_like(tensor)
    for band in range(BANDS):
        middle = BINS // BANDS * band + 1
        for side in (0, BINS):
            weight[band, side + middle : side + middle + 2, 3] = 0.25 / _SPAN
    return weight


def kept(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.ups.0, [channels in, channels out, 1]."""
    return torch.eye(*tensor.shape[:2])[..., None]


def before_square(number: int) -> Fill:
    """convs1 of the vocoder's first block: what the squares before have made smaller is made larger again."""
    return lambda tensor, _generator: _only_middle(tensor, _SQUARE**-number)


def after_square(number: int) -> Fill:
    """convs2: takes away what was there, so the square is left, negative."""
    return lambda tensor, _generator: _only_middle(tensor, -(_SQUARE**number))


def snake(name: str) -> Fill:
    """Logarithms of snake's two numbers: where it squares, and where it does nothing."""
    value = {"square alpha": torch.tensor(_BEND).log().item(), "square beta": 0.0, "none": _NONE}[name]
    return lambda tensor, _generator: torch.full_like(tensor, value)


def tones(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.ups.1, [channels in, channels out, 2 x hop]: each band's tone, fading in and out over two frames."""
    weight = torch.zeros_like(tensor)
    time = torch.arange(2 * HOP) + 0.5
    fading = 1 - (time / HOP - 1).abs()
    for band, hertz in enumerate(TONES):
        wave = torch.sin(2 * pi * hertz * time / RATE + band**2)  # phases apart, or they would add up to clicks
        weight[band, 0] = -_VOLUME / _SQUARE**3 * fading * wave
    return weight


def both_sides(tensor: Tensor, _generator: Generator) -> Tensor:
    """vocoder.conv_post, [2, channels, 7]."""
    weight = torch.zeros_like(tensor)
    weight[:, 0, 3] = 1
    return weight


def _only_middle(tensor: Tensor, gain: float) -> Tensor:
    weight = torch.zeros_like(tensor)
    weight[..., tensor.shape[-1] // 2] = gain * torch.eye(*tensor.shape[:2])
    return weight
