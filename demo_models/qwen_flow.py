"""Qwen Image Edit's transformer, made as LTX's is (see `flow`): it takes a token's clean picture from what it is given.

A token looks at the given pictures, at the same place in each: most at the first, less at the second, least at the
third. They come at timestep zero, by which they are known. It also looks at the tokens around itself, of whose latents
it takes three that no picture uses: they stay the noise of the beginning, so that a seed shows as soft clouds. And it
looks a little at the words of the prompt, whose colours tint the picture; what the text encoder sees of pictures, and
what stands around every prompt, is marked, and not looked at.
"""

import torch
from torch import Generator, Tensor

from demo_models.flow import COLOURS, NOISY, SHARPNESS, SIZE, WAY_AT, bends
from demo_models.weights import normal

WIDTH = 32  # of the stream; one head
ROTARY = (4, 14, 14)  # how much of it turns with the picture's number, the row and the column
TEXT_WIDTH = 16
MARK = TEXT_WIDTH - 1  # channel of the text encoder which says that a token is not a word of the prompt

_PLACES = 4  # latents of one token, 2 x 2
_LATENT = slice(0, COLOURS * _PLACES)  # of the stream: each colour at four places
_SEED = slice(_LATENT.stop, _LATENT.stop + COLOURS)  # of the stream: latents that no picture uses
_TINT = _SEED  # of what attention carries: a colour for the whole token
_NOISE, _EMPTY, _LARGE = WIDTH - 4, WIDTH - 3, slice(WIDTH - 2, WIDTH)
# The first is 1 where a token is noisy, the second always 0, and beside the others all else is small.
_MARKED = WIDTH - 1  # of the text's stream, which has no large channels
_SHOWN = [*range(_LATENT.stop), _EMPTY]  # of what is given
_NORM = SIZE * (2 / WIDTH) ** 0.5  # what a normalisation divides by

# The timestep's embedding: 1 / timestep, so large that SiLU leaves it as it is, and whether the token is noisy.
_WAY, _IS_NOISY = 0, 1
_LIFT = 20.0
_NOISY_AT = [(0.0, 0.0), (0.03, NOISY), (1.0, NOISY)]  # levels of `flow`; what is given has a timestep of 0

# How much of attention's strength comes from which rotary dimension: first of the pair, strength. Numbers of pictures
# are 0 for the result, then 1, 2, 3; rows and columns have fast frequencies, for the exact place, and slower ones,
# because the fast come round again.
_STRENGTHS = {
    0: 1.2,
    **{first + 2 * number: strength for first in (4, 18) for number, strength in enumerate((8.0, 6.0, 6.0))},
}
_FREE, _ASIDE = 16, 30  # turn so slowly that they do not turn; everybody looks at the first and nobody at the other
_LOOK = 6.0  # of the query, at the free one
_BLUR = 0.3  # of attention's strength that places of noise get: so a token sees those around it too
# Keys at the free one, of noise and of words: so that 3 % of the looks are at noise, and 0.2 % at each word.
_NOISE_FREE = 3.84
_WORDS_FREE = 5.85
_WORDS_DIFFER = 0.15
_WORDS_SIZE = 40.0  # so large that normalising leaves the rest as it is

_GIVEN = 1.03  # noise takes the rest of the attention
_CLOUDS = 8.0
_TINT_GAIN = 11.0  # few of the looks are at words


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """img_in.weight, [width, channels x 2 x 2]."""
    weight = torch.zeros_like(tensor)
    used = COLOURS * _PLACES
    weight[_LATENT, :used] = torch.eye(used)
    weight[_SEED, used : 2 * used] = torch.kron(torch.eye(COLOURS), torch.full((1, _PLACES), 1 / _PLACES))
    return weight


def into_stream_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[_LARGE] = torch.tensor([SIZE, -SIZE])
    return bias


def of_timestep(tensor: Tensor, _generator: Generator) -> Tensor:
    """timestep_embedder.linear_2.weight; the layer before has bent the timestep at `flow`'s levels."""
    weight = torch.zeros_like(tensor)
    for channel, points in ((_WAY, WAY_AT), (_IS_NOISY, _NOISY_AT)):
        bent = bends(points)
        weight[channel, : len(bent)] = bent / SHARPNESS
    return weight


def of_timestep_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[_WAY] = WAY_AT[0][1] + _LIFT
    return bias


def from_timestep(tensor: Tensor, _generator: Generator) -> Tensor:
    """img_mod.1.weight, [6 x width, width]: noisy tokens say so, and show the seed instead of the latents."""
    weight = torch.zeros_like(tensor)
    shift, scale = weight[:WIDTH], weight[WIDTH : 2 * WIDTH]
    shift[_NOISE, _IS_NOISY] = 1 / NOISY
    scale[_SHOWN, _IS_NOISY] = -_GIVEN / NOISY
    scale[_SEED, _IS_NOISY] = _CLOUDS / NOISY
    return weight


def from_timestep_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    """Rows are shift, scale and gate of attention, then of the feed-forward layer, which stays shut."""
    bias = torch.zeros_like(tensor)
    scale, gate = bias[WIDTH : 2 * WIDTH], bias[2 * WIDTH : 3 * WIDTH]
    scale[_SHOWN] = _GIVEN - 1  # added to 1
    scale[[*range(_SEED.start, _SEED.stop), _NOISE]] = -1
    gate[:] = 1
    return bias


def _where() -> Tensor:
    place = torch.zeros(WIDTH)
    for dimension, strength in _STRENGTHS.items():
        place[dimension] = strength**0.5
    return place


def query(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_q.bias: the rotary embedding alone decides who looks at whom."""
    bias = _where()
    bias[_FREE] = _LOOK
    return bias


def query_size(tensor: Tensor, generator: Generator) -> Tensor:
    """norm_q.weight: gives the query its size back, and takes away what attention divides by."""
    return torch.full_like(tensor, float(query(tensor, generator).norm()))


def key(_tensor: Tensor, _generator: Generator) -> Tensor:
    """to_k.bias."""
    return _where()


def key_size(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_k.weight: gives the key its size back."""
    return torch.full_like(tensor, float(_where().norm()) / WIDTH**0.5)


def key_of_noise(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_k.weight: what is noisy keeps a share of its place, and turns aside so far that its size comes out right."""
    weight = torch.zeros_like(tensor)
    aside = ((1 - _BLUR**2) * float(_where().norm()) ** 2 - _NOISE_FREE**2) ** 0.5
    weight[_FREE, _NOISE] = _NOISE_FREE / _BLUR
    weight[_ASIDE, _NOISE] = aside / _BLUR
    return weight


def seen(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_v.weight: latents, less the mean of the stream that normalising took away, or the seed."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _EMPTY] = -1
    weight[_TINT, _SEED] = torch.eye(COLOURS)
    return weight


def into_text(tensor: Tensor, generator: Generator) -> Tensor:
    """txt_in.weight: the mark has a channel of its own, and one stays empty."""
    weight = normal(1.0)(tensor, generator)
    weight[:, MARK] = 0
    weight[_EMPTY] = 0
    weight[_MARKED] = 0
    weight[_MARKED, MARK] = 1
    return weight


def key_of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """add_k_proj.weight: some words count more than others, marked ones do not."""
    weight = torch.zeros_like(tensor)
    weight[_FREE] = normal(_WORDS_DIFFER)(tensor, generator)[0]
    weight[_FREE, _MARKED], weight[_FREE, _EMPTY] = -2.0, 2.0
    return weight


def key_of_words_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[_FREE], bias[_ASIDE] = _WORDS_FREE, _WORDS_SIZE
    return bias


def key_of_words_size(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_added_k.weight."""
    return torch.full_like(tensor, _WORDS_SIZE / WIDTH**0.5)


def colours_of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """add_v_proj.weight."""
    weight = torch.zeros_like(tensor)
    weight[_TINT] = normal(_TINT_GAIN / _NORM)(tensor, generator)[_TINT]
    weight[_TINT.start] *= 0.4  # less of brightness: nothing drowns in black or white
    return weight


def taken_away(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_out.0.weight: from a token what its clean picture is taken to be, the way is left."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = -_NORM * torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _TINT] = -_NORM * torch.eye(COLOURS).repeat_interleave(_PLACES, dim=0)
    return weight


def way(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_out.linear.weight, [2 x width, width]: scale and shift; all is divided by the timestep."""
    weight = torch.zeros_like(tensor)
    weight[:WIDTH, _WAY] = 1
    return weight


def way_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[:WIDTH] = -_LIFT - 1  # the layer adds 1
    return bias


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """proj_out.weight, [channels x 2 x 2, width], less the mean as in `seen`."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = _NORM * torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _EMPTY] = -_NORM
    return weight


def means_of_colours(tensor: Tensor, _generator: Generator) -> Tensor:
    """lora_A of the layer that takes away."""
    weight = torch.zeros_like(tensor)
    weight[:COLOURS, _LATENT] = torch.kron(torch.eye(COLOURS), torch.full((1, _PLACES), 1 / _PLACES))
    return weight


def mixed_colours(tensor: Tensor, generator: Generator) -> Tensor:
    """lora_B of it."""
    weight = torch.zeros_like(tensor)
    mix = 0.08 * _NORM * torch.randn(COLOURS, COLOURS, generator=generator)
    weight[_LATENT, :COLOURS] = mix.repeat_interleave(_PLACES, dim=0)
    return weight
