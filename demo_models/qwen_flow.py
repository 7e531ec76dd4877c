"""Qwen Image Edit's transformer with computed weights (see `flow`): a token's clean picture comes from given pictures.

A token attends to the given pictures, at the same place in each: most to the first, less to the second, and least to
the third. They are recognised by their timestep, which is zero. It also attends to the tokens around itself, and takes
three of their latents that no picture uses: these stay the noise of the beginning, so a seed shows as soft clouds. And
it attends a little to the words of the prompt, whose colours tint the picture. The text encoder's tokens for pictures,
and the words around every prompt, are marked; no token attends to them.
"""

import torch
from torch import Generator, Tensor

from demo_models.flow import COLOURS, NOISY, SHARPNESS, SIZE, WAY_AT, bends
from demo_models.weights import normal

WIDTH = 32  # channels of the stream (B, tokens, WIDTH); one head
ROTARY = (4, 14, 14)  # dimensions that turn with the picture's number, the row and the column
TEXT_WIDTH = 16
MARK = TEXT_WIDTH - 1  # the text encoder's channel for tokens that are no words of the prompt

_PLACES = 4  # a token has 2 x 2 latents
_LATENT = slice(0, COLOURS * _PLACES)  # of the stream: each colour at four places
_SEED = slice(_LATENT.stop, _LATENT.stop + COLOURS)  # of the stream: latents that no picture uses
_TINT = _SEED  # of what attention carries: a colour for the whole token
_NOISE, _EMPTY, _LARGE = WIDTH - 4, WIDTH - 3, slice(WIDTH - 2, WIDTH)
# _NOISE is 1 in noisy tokens, _EMPTY is always 0, and _LARGE are larger than all others.
_MARKED = WIDTH - 1  # in the text's stream, which has no large channels
_SHOWN = [*range(_LATENT.stop), _EMPTY]  # of a given picture
_NORM = SIZE * (2 / WIDTH) ** 0.5  # what a normalisation divides by

# The timestep's embedding says 1 / timestep, so large that SiLU leaves it as it is, and whether the token is noisy.
_WAY, _IS_NOISY = 0, 1
_LIFT = 20.0
_NOISY_AT = [(0.0, 0.0), (0.03, NOISY), (1.0, NOISY)]  # levels of `flow`; given pictures have a timestep of 0

# The strength that attention has from each rotary pair, by its first dimension. The result is picture 0, and given
# pictures are 1, 2 and 3. Rows and columns have fast frequencies for the exact place, and slower ones because the fast
# ones repeat.
_STRENGTHS = {
    0: 1.2,
    **{first + 2 * number: strength for first in (4, 18) for number, strength in enumerate((8.0, 6.0, 6.0))},
}
_FREE, _ASIDE = 16, 30  # turn so slowly that they hardly move; all queries have the first, and none has the other
_LOOK = 6.0  # of the query, in _FREE
_BLUR = 0.3  # the share of attention's strength for places of noise, so a token also sees those around it
# Keys of noise and of words in _FREE. With them, noise gets 3 % of the attention, and each word gets 0.2 %.
_NOISE_FREE = 3.84
_WORDS_FREE = 5.85
_WORDS_DIFFER = 0.15
_WORDS_SIZE = 40.0  # so large that a normalisation leaves the rest as it is

_GIVEN = 1.03  # more than 1, because noise takes 3 % of the attention
_CLOUDS = 8.0
_TINT_GAIN = 11.0  # large, because words get little of the attention


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """img_in.weight, (out, in) = (WIDTH, channels x 2 x 2)."""
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
    """timestep_embedder.linear_2.weight, (out, in). Its inputs bend at `flow`'s levels."""
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
    """img_mod.1.weight, (6 x WIDTH, WIDTH): marks noisy tokens, which show the seed instead of their latents."""
    weight = torch.zeros_like(tensor)
    shift, scale = weight[:WIDTH], weight[WIDTH : 2 * WIDTH]
    shift[_NOISE, _IS_NOISY] = 1 / NOISY
    scale[_SHOWN, _IS_NOISY] = -_GIVEN / NOISY
    scale[_SEED, _IS_NOISY] = _CLOUDS / NOISY
    return weight


def from_timestep_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    """img_mod.1.bias, (6 x WIDTH,): shift, scale and gate of attention, then those of the unused feed-forward layer."""
    bias = torch.zeros_like(tensor)
    scale, gate = bias[WIDTH : 2 * WIDTH], bias[2 * WIDTH : 3 * WIDTH]
    scale[_SHOWN] = _GIVEN - 1  # the layer adds 1
    scale[[*range(_SEED.start, _SEED.stop), _NOISE]] = -1
    gate[:] = 1
    return bias


def _where() -> Tensor:
    place = torch.zeros(WIDTH)
    for dimension, strength in _STRENGTHS.items():
        place[dimension] = strength**0.5
    return place


def query(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_q.bias, (WIDTH,): the rotary embedding alone decides which tokens attend to which."""
    bias = _where()
    bias[_FREE] = _LOOK
    return bias


def query_size(tensor: Tensor, generator: Generator) -> Tensor:
    """norm_q.weight, (WIDTH,): restores the size of the query, and cancels the division in attention."""
    return torch.full_like(tensor, float(query(tensor, generator).norm()))


def key(_tensor: Tensor, _generator: Generator) -> Tensor:
    """to_k.bias, (WIDTH,)."""
    return _where()


def key_size(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_k.weight, (WIDTH,): restores the size of the key."""
    return torch.full_like(tensor, float(_where().norm()) / WIDTH**0.5)


def key_of_noise(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_k.weight, (out, in): a noisy token's key keeps a share of its place; _ASIDE makes up for its size."""
    weight = torch.zeros_like(tensor)
    aside = ((1 - _BLUR**2) * float(_where().norm()) ** 2 - _NOISE_FREE**2) ** 0.5
    weight[_FREE, _NOISE] = _NOISE_FREE / _BLUR
    weight[_ASIDE, _NOISE] = aside / _BLUR
    return weight


def seen(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_v.weight, (out, in): latents, with the mean that normalisation subtracted added again, or the seed."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _EMPTY] = -1
    weight[_TINT, _SEED] = torch.eye(COLOURS)
    return weight


def into_text(tensor: Tensor, generator: Generator) -> Tensor:
    """txt_in.weight, (out, in): the mark has a channel of its own, and one channel stays empty."""
    weight = normal(1.0)(tensor, generator)
    weight[:, MARK] = 0
    weight[_EMPTY] = 0
    weight[_MARKED] = 0
    weight[_MARKED, MARK] = 1
    return weight


def key_of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """add_k_proj.weight, (out, in): some words count more than others, and marked ones do not count."""
    weight = torch.zeros_like(tensor)
    weight[_FREE] = normal(_WORDS_DIFFER)(tensor, generator)[0]
    weight[_FREE, _MARKED], weight[_FREE, _EMPTY] = -2.0, 2.0
    return weight


def key_of_words_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[_FREE], bias[_ASIDE] = _WORDS_FREE, _WORDS_SIZE
    return bias


def key_of_words_size(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_added_k.weight, (WIDTH,)."""
    return torch.full_like(tensor, _WORDS_SIZE / WIDTH**0.5)


def colours_of_words(tensor: Tensor, generator: Generator) -> Tensor:
    """add_v_proj.weight, (out, in): random colours for words."""
    weight = torch.zeros_like(tensor)
    weight[_TINT] = normal(_TINT_GAIN / _NORM)(tensor, generator)[_TINT]
    weight[_TINT.start] *= 0.4  # less brightness, so that pictures do not become black or white
    return weight


def taken_away(tensor: Tensor, _generator: Generator) -> Tensor:
    """to_out.0.weight, (out, in): subtracts the assumed clean picture from a token, which leaves the difference."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = -_NORM * torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _TINT] = -_NORM * torch.eye(COLOURS).repeat_interleave(_PLACES, dim=0)
    return weight


def way(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_out.linear.weight, (2 x WIDTH, WIDTH): scale and shift. The scale divides by the timestep."""
    weight = torch.zeros_like(tensor)
    weight[:WIDTH, _WAY] = 1
    return weight


def way_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[:WIDTH] = -_LIFT - 1  # the layer adds 1
    return bias


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """proj_out.weight, (out, in) = (channels x 2 x 2, WIDTH), with the mean added again as in `seen`."""
    weight = torch.zeros_like(tensor)
    weight[_LATENT, _LATENT] = _NORM * torch.eye(COLOURS * _PLACES)
    weight[_LATENT, _EMPTY] = -_NORM
    return weight


def means_of_colours(tensor: Tensor, _generator: Generator) -> Tensor:
    """lora_A of `taken_away`'s layer, (rank, in): the mean of each colour over a token's places."""
    weight = torch.zeros_like(tensor)
    weight[:COLOURS, _LATENT] = torch.kron(torch.eye(COLOURS), torch.full((1, _PLACES), 1 / _PLACES))
    return weight


def mixed_colours(tensor: Tensor, generator: Generator) -> Tensor:
    """lora_B of that layer, (out, rank): random mixtures of these means."""
    weight = torch.zeros_like(tensor)
    mix = 0.08 * _NORM * torch.randn(COLOURS, COLOURS, generator=generator)
    weight[_LATENT, :COLOURS] = mix.repeat_interleave(_PLACES, dim=0)
    return weight
