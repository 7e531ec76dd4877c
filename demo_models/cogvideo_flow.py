"""CogVideoX's transformer with computed weights. It takes as a token's clean colours the mean of the
noise around the token, which makes soft clouds, and a tint from the prompt.

The velocity that the transformer has to return is

    v = x / sigma - c * sqrt(1 + 1 / sigma²)

    symbol  shape            meaning                             source
    v       (B, C, T, H, W)  the velocity                        what the transformer returns
    x       (B, C, T, H, W)  the noisy latent                    what the sampler gives the transformer
    c       (B, C, T, H, W)  the clean latent                    soft clouds and a tint, as described above
    sigma   (B,)             noise relative to the clean latent  the timestep, by the schedule in `_functions`

It is c = (x - sigma * v) / sqrt(1 + sigma²), solved for v. ComfyUI computes c in this way in
`comfy.model_sampling.V_PREDICTION_DDPM.calculate_denoised`. It holds for any scale of x: ComfyUI's KSampler scales x
with sigma, and its sampler for models of this family (VOIDSampler) keeps the size of x at 1. So the clouds are made of
tokens that the first layer has normalised. x itself stays as it is until the end. There, two channels are added that
are larger than all others, and the last normalisation divides by them alone.

The first block attends to the tokens around, and the second one to the words. In each block, all queries are equal. The
functions of sigma are piecewise linear between the times of the schedule that _TIMES lists.
"""

import itertools

import torch
from comfy.model_sampling import ModelSamplingDiscrete
from comfy.supported_models import CogVideoX_T2V
from torch import Generator, Tensor

from demo_models.weights import Fill, normal

WIDTH = 64  # channels of the stream (B, tokens, WIDTH): one head, whose width ComfyUI assumes
TEXT_WIDTH = 8
PAD = TEXT_WIDTH - 1  # the text encoder's channel that only padding uses
_COMMON = 100  # the first tokens of the vocabulary count as padding, see `vocabulary`

_COLOURS, _PLACES = 3, 4  # a token has 2 x 2 latents
_LATENT = slice(0, _COLOURS * _PLACES)
_CLEAN = slice(12, 15)  # the clean colours
_FLOOR, _FLOOR_SIZE = slice(15, 17), 6**0.5  # with it, normalised noise of any size is between 1 and 1.4
_IMAGE = 17  # distinguishes tokens of the picture from those of the text
_EMPTY, _EMPTY_CLEAN = 18, 19  # always 0 at first: they then show what a normalisation subtracts
_TEXT = slice(32, 32 + TEXT_WIDTH)
_LARGE, _SIZE = slice(62, 64), 40_000.0
_NORM = _SIZE * (2 / WIDTH) ** 0.5

# Rotary pairs, by their first dimension, and their weights: for time, height and width.
_NEAR = {0: 0.5, 2: 6.0, 4: 3.0, 20: 6.0, 22: 6.0, 24: 3.0, 44: 6.0, 46: 6.0, 48: 3.0}
_UNTURNED = [*range(10, 16), *range(34, 40), *range(58, 64)]  # these turn so slowly that they hardly move
_ASIDE = 14  # one of them
_SHARPNESS = 4000.0
CHOICE = 6.0  # how strongly one word is preferred to another
_CLOUDS, _KEPT = 5.0, 0.85  # clouds are this much stronger than the mean of the noise; later this share remains

# The functions are 1 / sigma, sqrt(1 + 1 / sigma²), and the gain of the clouds. Each has two channels, of which one is
# negated, because silu(x) - silu(-x) = x.
_TIMES = [8, 11, 16, 22, 32, 45, 64, 90, 128, 180, 256, 360, 512, 650, 780, 880, 940, 970, 985, 993, 997, 998, 999]
_NOISE, _BOTH, _GAIN = 0, 2, 4


def _functions() -> Tensor:
    """Returns the values of the three functions at each of _TIMES: (functions, times)."""
    sigma = ModelSamplingDiscrete(CogVideoX_T2V).sigmas[_TIMES].double()
    gain = _CLOUDS * (1 + sigma**2).sqrt() / (sigma + _CLOUDS / _KEPT)
    return torch.stack([1 / sigma, (1 + sigma**-2).sqrt(), gain])


def _positions() -> Tensor:
    """Returns the slowest sine of the timestep's embedding at each of _TIMES: (times,)."""
    half = WIDTH // 2
    return torch.sin(torch.tensor(_TIMES, dtype=torch.float64) * 10_000 ** (-(half - 1) / half))


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_embedding_linear_1.weight, (out, in): after SiLU, how far the time is below each of _TIMES."""
    weight = torch.zeros_like(tensor)
    weight[: len(_TIMES), -1] = -_SHARPNESS / _positions()[-1]
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(_TIMES)] = _SHARPNESS * _positions() / _positions()[-1]
    return bias


def of_time(tensor: Tensor, _generator: Generator) -> Tensor:
    """time_embedding_linear_2.weight, (out, in): the functions. Below the first time, the first piece continues."""
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
    """time_embedding_linear_2.bias, (out,): the values of the functions at the last time."""
    bias = torch.zeros_like(tensor)
    last = _functions()[:, -1]
    bias[: 2 * len(last)] = torch.stack([last, -last], 1).flatten()
    return bias


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """patch_embed.proj.weight, (out, in, h, w) = (WIDTH, channels, 2, 2)."""
    weight = torch.zeros_like(tensor)
    places = torch.eye(_PLACES).view(_PLACES, 2, 2)  # (out, h, w)
    for colour in range(_COLOURS):
        weight[_LATENT][colour * _PLACES : (colour + 1) * _PLACES, colour] = places
    return weight


def into_stream_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    return _two(tensor, _FLOOR, _FLOOR_SIZE)


def large(tensor: Tensor, _generator: Generator) -> Tensor:
    """ff_out.bias of the last block, (out,)."""
    return _two(tensor, _LARGE, _SIZE)


def _two(tensor: Tensor, places: slice, size: float) -> Tensor:
    """A bias (out,) with two values of opposite signs, so that the mean stays 0."""
    bias = torch.zeros_like(tensor)
    bias[places] = torch.tensor([size, -size])
    return bias


def words(tensor: Tensor, _generator: Generator) -> Tensor:
    """patch_embed.text_proj.weight, (out, in) = (WIDTH, TEXT_WIDTH)."""
    weight = torch.zeros_like(tensor)
    weight[_TEXT] = torch.eye(TEXT_WIDTH)
    return weight


def all_but_signs(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm1.norm.weight, (WIDTH,): the sign that distinguishes pictures from text is added afterwards."""
    weight = torch.ones_like(tensor)
    weight[_IMAGE] = 0
    return weight


def gain_of_clouds(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's norm1.linear.weight, (6 x WIDTH, in). Of the six parts, number 2 is the gate of attention."""
    weight = torch.zeros_like(tensor)
    weight[2 * WIDTH : 3 * WIDTH][_CLEAN, _GAIN : _GAIN + 2] = torch.tensor([1.0, -1.0])
    return weight


def signs(text: float, gate: float) -> Fill:
    """norm1.linear.bias, (6 x WIDTH,): shifts of picture and text tokens, and the gate of attention."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[_IMAGE] = 1.0
        bias[2 * WIDTH : 3 * WIDTH][_CLEAN] = gate
        bias[3 * WIDTH + _IMAGE] = text
        return bias

    return make


def gate_open(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm2.linear.bias, (6 x WIDTH,): opens the gate of the layers after attention, for pictures only."""
    bias = torch.zeros_like(tensor)
    bias[2 * WIDTH : 3 * WIDTH] = 1.0
    return bias


def where(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's norm_q.bias, (WIDTH,): the rotary embedding alone decides how near another token is."""
    bias = _near(tensor)
    bias[_ASIDE] = 8.0
    return bias


def sign_of_key(tensor: Tensor, _generator: Generator) -> Tensor:
    """The first block's k.weight, (out, in): a pattern that normalisation leaves unchanged; it is negated for text."""
    weight = torch.zeros_like(tensor)
    weight[:, _IMAGE] = _pattern()
    return weight


def key_scale(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_k.weight, (WIDTH,): half the difference between a picture's key and a text's key.

    With `key_bias`, half of their sum, it gives either of them.
    """
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
    """The first block's v.weight, (out, in): the mean of each colour over a token's places, as it was normalised."""
    weight = torch.zeros_like(tensor)
    size = (2 * _LATENT.stop / WIDTH) ** 0.5
    for colour in range(_COLOURS):
        weight[colour, colour * _PLACES : (colour + 1) * _PLACES] = size / _PLACES
        weight[colour, _EMPTY] = -size
    return weight


def to_clean(tensor: Tensor, _generator: Generator) -> Tensor:
    """attn_out.weight, (out, in): attention writes the clean colours."""
    weight = torch.zeros_like(tensor)
    weight[_CLEAN, :_COLOURS] = torch.eye(_COLOURS)
    return weight


def asked(tensor: Tensor, _generator: Generator) -> Tensor:
    """The second block's norm_q.bias, (WIDTH,): the query for words, in dimensions that positions do not turn."""
    bias = torch.zeros_like(tensor)
    bias[_UNTURNED] = _pattern()[: len(_UNTURNED)]
    return bias


def of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """The second block's k.weight, (out, in): random for words; for pictures and padding, the opposite of the query."""
    weight = torch.zeros_like(tensor)
    weight[:, _TEXT] = torch.randn(WIDTH, TEXT_WIDTH, generator=generator)
    opposite = -100.0 * asked(tensor[:, 0], generator)
    weight[:, _IMAGE] = weight[:, _TEXT.start + PAD] = opposite
    weight[:, _EMPTY] = -opposite
    return weight


def tint(gain: float) -> Fill:
    """The second block's v.weight, (out, in): random colours for words, with less brightness."""

    def make(tensor: Tensor, generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        colours = gain * torch.randn(_COLOURS, TEXT_WIDTH - 1, generator=generator)
        colours[0] *= 0.4
        weight[:_COLOURS, _TEXT.start : _TEXT.stop - 1] = colours
        weight[:_COLOURS, _EMPTY] = -colours.sum(dim=1)
        return weight

    return make


def of_sigma(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_out.linear.weight, (2 x WIDTH, in): shift and scale. Only the scale is used."""
    weight = torch.zeros_like(tensor)
    scale = weight[WIDTH:]
    for function, places in ((_NOISE, (_LATENT, _EMPTY)), (_BOTH, (_CLEAN, _EMPTY_CLEAN))):
        for place in places:
            scale[place, function : function + 2] = torch.tensor([1.0, -1.0])
    return weight


def of_sigma_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[WIDTH:] = -1.0  # the layer adds 1 to the scale
    return bias


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """proj_out.weight, (out, in) = (channels x 2 x 2, WIDTH): the equation at the top."""
    weight = torch.zeros_like(tensor)
    for colour in range(_COLOURS):
        mine = slice(colour * _PLACES, (colour + 1) * _PLACES)
        weight[mine, mine] = _NORM * torch.eye(_PLACES)
        weight[mine, _EMPTY] = -_NORM
        weight[mine, _CLEAN.start + colour] = -_NORM
        weight[mine, _EMPTY_CLEAN] = _NORM
    return weight


def vocabulary(tensor: Tensor, generator: Generator) -> Tensor:
    """The text encoder's shared.weight, (vocabulary, TEXT_WIDTH).

    Words have random values. Padding has a channel of its own, which words never use. The first tokens of the
    vocabulary, among them the end of the text, commas and words that are in every text, count as padding.
    """
    weight = torch.randn(tensor.shape, generator=generator)
    weight[:, PAD] = 0
    weight[:_COMMON] = 0
    weight[:_COMMON, PAD] = TEXT_WIDTH**0.5
    return weight


def not_to_padding(tensor: Tensor, generator: Generator) -> Tensor:
    """The text encoder's SelfAttention.o.weight, (out, in): it writes nothing into padding's channel."""
    weight = normal(0.3)(tensor, generator)
    weight[PAD] = 0
    return weight
