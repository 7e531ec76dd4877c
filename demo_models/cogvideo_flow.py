"""CogVideoX's transformer, made and not trained: what it takes for a token's clean colours is the mean of the noise
around, which makes soft clouds, and a tint from the prompt.

From the noisy latent x, whose noise is `sigma` times as strong as the picture, the velocity it has to give is
x / sigma - clean x sqrt(1 + 1 / sigma²), however x is scaled: ComfyUI's KSampler scales it with sigma, its sampler for
models of this family (VOIDSampler) keeps its size at 1. So the clouds come from tokens that the first layer has
normalised, and x stays as it is until, at the end, two channels are added that are larger than all others: the last
normalisation divides by them alone.

The first block looks at the tokens around, the second at the words. Queries are the same everywhere. Times of the
schedule stand for functions of sigma, drawn with straight pieces.
"""

import itertools

import torch
from comfy.model_sampling import ModelSamplingDiscrete
from comfy.supported_models import CogVideoX_T2V
from torch import Generator, Tensor

from demo_models.weights import Fill, normal

WIDTH = 64  # of the stream: one head, whose width ComfyUI takes for granted
TEXT_WIDTH = 8
PAD = TEXT_WIDTH - 1  # the text encoder's channel that only padding has
_COMMON = 100

_COLOURS, _PLACES = 3, 4  # latents of one token, 2 x 2
_LATENT = slice(0, _COLOURS * _PLACES)
_CLEAN = slice(12, 15)  # the clean colours
_FLOOR, _FLOOR_SIZE = slice(15, 17), 6**0.5  # beside it, normalised noise of any size is between 1 and 1.4
_IMAGE = 17  # tells tokens of the picture from those of the text
_EMPTY, _EMPTY_CLEAN = 18, 19  # always 0, so that they show what a normalisation subtracts
_TEXT = slice(32, 32 + TEXT_WIDTH)
_LARGE, _SIZE = slice(62, 64), 40_000.0
_NORM = _SIZE * (2 / WIDTH) ** 0.5

# Rotary pairs (first dimension) and how much they count: time, height, width.
_NEAR = {0: 0.5, 2: 6.0, 4: 3.0, 20: 6.0, 22: 6.0, 24: 3.0, 44: 6.0, 46: 6.0, 48: 3.0}
_UNTURNED = [*range(10, 16), *range(34, 40), *range(58, 64)]  # so slow that they hardly turn
_ASIDE = 14  # one of them
_SHARPNESS = 4000.0
CHOICE = 6.0  # how much one word is preferred to another
_CLOUDS, _KEPT = 5.0, 0.85  # how much stronger than the mean of noise clouds are, and what is kept of them later on

# What is drawn: 1 / sigma, sqrt(1 + 1 / sigma²), and the clouds' gain. Each stands twice, once negated, because
# silu(x) - silu(-x) = x.
_TIMES = [8, 11, 16, 22, 32, 45, 64, 90, 128, 180, 256, 360, 512, 650, 780, 880, 940, 970, 985, 993, 997, 998, 999]
_NOISE, _BOTH, _GAIN = 0, 2, 4


def _functions() -> Tensor:
    """[function, time]"""
    sigma = ModelSamplingDiscrete(CogVideoX_T2V).sigmas[_TIMES].double()
    gain = _CLOUDS * (1 + sigma**2).sqrt() / (sigma + _CLOUDS / _KEPT)
    return torch.stack([1 / sigma, (1 + sigma**-2).sqrt(), gain])


def _positions() -> Tensor:
    """Of the times in the channel of the timestep's embedding that turns most slowly: its sine."""
    half = WIDTH // 2
    return torch.sin(torch.tensor(_TIMES, dtype=torch.float64) * 10_000 ** (-(half - 1) / half))


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_embedding_linear_1.weight: how far the time is below each, once bent by SiLU."""
    weight = torch.zeros_like(tensor)
    weight[: len(_TIMES), -1] = -_SHARPNESS / _positions()[-1]
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(_TIMES)] = _SHARPNESS * _positions() / _positions()[-1]
    return bias


def of_time(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_embedding_linear_2.weight: the functions. Below its first time the first piece goes on."""
    weight = torch.zeros_like(tensor)
    places = _positions() / _positions()[-1]
    for row, values in enumerate(_functions()):
        before = 0.0
        for now, after in itertools.pairwise(reversed(range(len(_TIMES)))):
            slope = float((values[after] - values[now]) / (places[now] - places[after]))
            weight[2 * row, now] = (slope - before) / _SHARPNESS
            before = slope
        weight[2 * row + 1] = -weight[2 * row]
    return weight


def of_time_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    """Their values at the last time."""
    bias = torch.zeros_like(tensor)
    last = _functions()[:, -1]
    bias[: 2 * len(last)] = torch.stack([last, -last], 1).flatten()
    return bias


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """patch_embed.proj.weight, [width, channels, 2, 2]"""
    weight = torch.zeros_like(tensor)
    places = torch.eye(_PLACES).view(_PLACES, 2, 2)
    for colour in range(_COLOURS):
        weight[_LATENT][colour * _PLACES : (colour + 1) * _PLACES, colour] = places
    return weight


def into_stream_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    return _two(tensor, _FLOOR, _FLOOR_SIZE)


def large(tensor: Tensor, _generator: Generator) -> Tensor:
    """ff_out.bias of the last block."""
    return _two(tensor, _LARGE, _SIZE)


def _two(tensor: Tensor, places: slice, size: float) -> Tensor:
    """A bias of opposite signs, so that the mean stays 0."""
    bias = torch.zeros_like(tensor)
    bias[places] = torch.tensor([size, -size])
    return bias


def words(tensor: Tensor, _generator: Generator) -> Tensor:
    """patch_embed.text_proj.weight"""
    weight = torch.zeros_like(tensor)
    weight[_TEXT] = torch.eye(TEXT_WIDTH)
    return weight


def all_but_signs(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm1.norm.weight: the sign that tells pictures from text is added afterwards."""
    weight = torch.ones_like(tensor)
    weight[_IMAGE] = 0
    return weight


def gain_of_clouds(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's norm1.linear.weight, [6 x width, times]: row 2 is the gate of attention."""
    weight = torch.zeros_like(tensor)
    weight[2 * WIDTH : 3 * WIDTH][_CLEAN, _GAIN : _GAIN + 2] = torch.tensor([1.0, -1.0])
    return weight


def signs(text: float, gate: float) -> Fill:
    """norm1.linear.bias: what is added to tokens of picture and text, and the gate of attention."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[_IMAGE] = 1.0
        bias[2 * WIDTH : 3 * WIDTH][_CLEAN] = gate
        bias[3 * WIDTH + _IMAGE] = text
        return bias

    return make


def gate_open(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm2.linear.bias: of the layers after attention, for pictures only."""
    bias = torch.zeros_like(tensor)
    bias[2 * WIDTH : 3 * WIDTH] = 1.0
    return bias


def where(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's norm_q.bias: the rotary embedding alone decides how near another token is."""
    bias = _near(tensor)
    bias[_ASIDE] = 8.0
    return bias


def sign_of_key(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's k.weight: a pattern whose normalisation is itself, negated for text."""
    weight = torch.zeros_like(tensor)
    weight[:, _IMAGE] = _pattern()
    return weight


def key_scale(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_k.weight: half of what a picture's key is more than a text's, so that the bias adds up to either."""
    return (_near(tensor) - _key_of_text(tensor)) / 2 * _pattern()


def key_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    return (_near(tensor) + _key_of_text(tensor)) / 2


def _near(tensor: Tensor) -> Tensor:
    vector = torch.zeros_like(tensor)
    for place, weight in _NEAR.items():
        vector[place] = (weight * WIDTH**0.5) ** 0.5
    return vector


def _key_of_text(tensor: Tensor) -> Tensor:
    vector = torch.zeros_like(tensor)
    vector[_ASIDE] = -40.0
    return vector


def _pattern() -> Tensor:
    return torch.tensor([1.0, -1.0]).repeat(WIDTH // 2)


def noise(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's v.weight: the mean of each colour over a token's places, in its size before normalisation."""
    weight = torch.zeros_like(tensor)
    size = (2 * _LATENT.stop / WIDTH) ** 0.5
    for colour in range(_COLOURS):
        weight[colour, colour * _PLACES : (colour + 1) * _PLACES] = size / _PLACES
        weight[colour, _EMPTY] = -size
    return weight


def to_clean(tensor: Tensor, _generator: Generator) -> Tensor:
    """attn_out.weight"""
    weight = torch.zeros_like(tensor)
    weight[_CLEAN, :_COLOURS] = torch.eye(_COLOURS)
    return weight


def asked(tensor: Tensor, _generator: Generator) -> Tensor:
    """The second block's norm_q.bias: what is asked of words, where the position does not turn it."""
    bias = torch.zeros_like(tensor)
    bias[_UNTURNED] = _pattern()[: len(_UNTURNED)]
    return bias


def of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """The second block's k.weight: random, and the opposite of what is asked for pictures and padding."""
    weight = torch.zeros_like(tensor)
    weight[:, _TEXT] = torch.randn(WIDTH, TEXT_WIDTH, generator=generator)
    opposite = -100.0 * asked(tensor[:, 0], generator)
    weight[:, _IMAGE] = weight[:, _TEXT.start + PAD] = opposite
    weight[:, _EMPTY] = -opposite
    return weight


def tint(gain: float) -> Fill:
    """The second block's v.weight: colours of words, less of brightness."""

    def make(tensor: Tensor, generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        colours = gain * torch.randn(_COLOURS, TEXT_WIDTH - 1, generator=generator)
        colours[0] *= 0.4
        weight[:_COLOURS, _TEXT.start : _TEXT.stop - 1] = colours
        weight[:_COLOURS, _EMPTY] = -colours.sum(dim=1)
        return weight

    return make


def of_sigma(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_out.linear.weight, [2 x width, times]: the second half scales."""
    weight = torch.zeros_like(tensor)
    scale = weight[WIDTH:]
    for function, places in ((_NOISE, (_LATENT, _EMPTY)), (_BOTH, (_CLEAN, _EMPTY_CLEAN))):
        for place in places:
            scale[place, function : function + 2] = torch.tensor([1.0, -1.0])
    return weight


def of_sigma_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[WIDTH:] = -1.0  # the layer that is scaled adds 1
    return bias


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """proj_out.weight, [channels x 2 x 2, width]"""
    weight = torch.zeros_like(tensor)
    for colour in range(_COLOURS):
        mine = slice(colour * _PLACES, (colour + 1) * _PLACES)
        weight[mine, mine] = _NORM * torch.eye(_PLACES)
        weight[mine, _EMPTY] = -_NORM
        weight[mine, _CLEAN.start + colour] = -_NORM
        weight[mine, _EMPTY_CLEAN] = _NORM
    return weight


# Words are told apart by a random draw; padding has a channel of its own, which words never get. The first places of
# the vocabulary, with the end of the text, commas and words that stand in every text, count as padding.
def vocabulary(tensor: Tensor, generator: Generator) -> Tensor:
    """The text encoder's shared.weight"""
    weight = torch.randn(tensor.shape, generator=generator)
    weight[:, PAD] = 0
    weight[:_COMMON] = 0
    weight[:_COMMON, PAD] = TEXT_WIDTH**0.5
    return weight


def not_to_padding(tensor: Tensor, generator: Generator) -> Tensor:
    """The text encoder's SelfAttention.o.weight"""
    weight = normal(0.3)(tensor, generator)
    weight[PAD] = 0
    return weight
