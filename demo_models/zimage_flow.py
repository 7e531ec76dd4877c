"""Z-Image's transformer with computed weights: it estimates how much of a noisy latent is picture.

It assumes that pictures are soft clouds around the colour of the prompt, and that larger clouds are stronger. The most
likely clean picture is then the noisy one, blurred; the more noise there is, the wider is the blur. So noise alone
becomes clouds, a picture with some noise keeps its larger shapes, and a masked part resembles its surroundings.

One layer does this. Each of the four latents of a token has a head that attends to the tokens around the place of that
latent; the timestep decides how far. Three heads do the same for colours, which vary less in pictures and so are
blurred more; the fourth place follows from the other three. Another head attends to the words.

The stream (B, tokens, 256) has 128 numbers and their negatives, so its mean is 0. One of them is so large that
normalisations only scale the others. Of the 16 latent channels only three directions matter, see `zimage_code`; in all
other directions the clean picture is 0.
"""

import itertools
from collections.abc import Callable
from math import pi, sin, sqrt

import torch
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS
from demo_models.weights import Fill
from demo_models.zimage_code import DIRECTIONS, REACH

WIDTH = 256  # the fewest channels that Z-Image's modulation accepts
HEADS = 8  # four for the brightness of a token's latents, three for colours, and one for words
HEAD_WIDTH = WIDTH // HEADS
AXES = [8, 12, 12]  # a head's dimensions for the number of a text token, for rows and for columns
THETA = 256.0
FREQUENCIES = [THETA ** (-number / 6) for number in range(6)]
_PLACES = 4  # a token has 2 x 2 latents
_CHANNELS = 16
_HALF = WIDTH // 2

# Channels of the stream's first half.
_LATENT = slice(0, 64)
_MEAN = slice(64, 67)  # of the token's latents
_REST = slice(67, 79)  # the difference of each latent from this mean
_BLUR = slice(79, 91)
_TINT = slice(91, 94)
_WORD = slice(94, 97)  # a word's colour
_ASIDE = 97  # the larger it is, the less a word counts
_WHERE = slice(98, 102)  # where in the picture it counts
_IMAGE, _TEXT, _ONE = 102, 103, 104
_TURNED = (105, 105 + len(FREQUENCIES))  # the first channels for brightness and for colours
_LARGE, SIZE = _HALF - 1, 100.0
NORM = SIZE * (2 / WIDTH) ** 0.5  # what a normalisation divides by

# Dimensions of a head. In values, the first ones carry numbers; in keys and queries, positions turn pairs of them.
_KEPT = 6  # only positions in the text turn it, and all tokens of a picture have the same one
_ROWS, _COLUMNS = AXES[0], AXES[0] + AXES[1]
_SLOWEST = 2 * (len(FREQUENCIES) - 1)
_STRENGTH = 180.0  # of a query: the resolution of a head
_KEY = sqrt(2 * len(FREQUENCIES) + 1)  # length of a picture's key
_WORDS = HEADS - 1  # the number of the head for words
_ROOM = 0.08  # how strongly a word's weight depends on the place in the picture
_ROOM_WAVE = 2  # the number of the frequency of this dependence

# The assumed picture: variances of clouds in brightness and in both differences of colours, in latents, and the share
# of this variance within a token.
_CLOUDS = (0.8, 0.1, 0.05)
_DETAIL = 0.05
_WIDE = (0.85, 2.4)  # width of the blur of brightness and colours, in tokens, with as much noise as picture
_WIDER = 0.55  # the exponent by which it grows with noise
_NARROWEST, _WIDEST = 0.18, 5.5
_SMALL = 0.02  # less noise counts as this

_NOISES = [1.0, 0.995, 0.985, 0.97, 0.95, 0.92, 0.88, 0.83, 0.77, 0.7, 0.62, 0.54, 0.46, 0.38, 0.31, 0.25, 0.2]
_NOISES += [0.16, 0.125, 0.1, 0.075, 0.055, 0.04, 0.03, _SMALL]
_SHARPNESS = 400.0
_SLOPE = 1000 * 10_000 ** (-127 / 128)  # of the timestep's last sine, which is nearly linear
_LEVELS = [sin(_SLOPE * (1 - noise)) / _SLOPE for noise in _NOISES]  # Z-Image's time goes from noise to picture


def _blur(noise: float, colour: bool) -> float:
    """Returns the width of the blur in tokens (standard deviation)."""
    return min(max(_WIDE[colour] * (noise / max(1 - noise, 1e-3)) ** _WIDER, _NARROWEST), _WIDEST)


def _gain(noise: float, channel: int) -> float:
    """Returns the factor for blurred latents, which have (1 - noise) times the picture and the rest of the noise."""
    clouds = _CLOUDS[channel]
    left = noise**2 / (_PLACES * max(1.0, 4 * pi * _blur(noise, channel > 0) ** 2))
    return (1 - noise) * clouds / ((1 - noise) ** 2 * clouds + left)


def _rest(noise: float, channel: int) -> float:
    """Returns the share of the picture in the differences between the latents of a token."""
    picture = (1 - noise) ** 2 * _DETAIL * _CLOUDS[channel]
    return picture / (picture + noise**2)


def _turned(noise: float, colour: bool) -> list[float]:
    """Returns the weight of each frequency. Together they fall like a bell curve around a place, and do not rise again.

    For this, only frequencies count that turn by less than half within the width of the curve.
    """
    width = _blur(noise, colour)
    shares = [(wave * width) ** 2 * 2.0 ** -((wave * width / 0.5) ** 4) for wave in FREQUENCIES]
    counts = [share / sum(shares) / (wave * width) ** 2 for share, wave in zip(shares, FREQUENCIES, strict=True)]
    # All queries are normalised to one length, so only the direction counts.
    return [count / sqrt(_STRENGTH**2 - 2 * sum(count**2 for count in counts)) for count in counts]


def _by_level(value: Callable[[float], float]) -> tuple[Tensor, float]:
    """Returns a row (levels,) that computes `value` of the noise from the levels, and the value at the first level."""
    values = [value(noise) for noise in _NOISES]
    slopes = [0.0]
    for (start, before), (end, after) in itertools.pairwise(zip(_LEVELS, values, strict=True)):
        slopes.append((after - before) / (end - start))
    slopes.append(0.0)
    bends = [after - before for before, after in itertools.pairwise(slopes)]
    return torch.tensor(bends) / _SHARPNESS, values[0]


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """t_embedder.mlp.0.weight, (out, in): after SiLU, how far the time is above each level."""
    weight = torch.zeros_like(tensor)
    weight[: len(_LEVELS), -1] = _SHARPNESS / _SLOPE
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(_LEVELS)] = -_SHARPNESS * torch.tensor(_LEVELS)
    return bias


def as_it_is(tensor: Tensor, _generator: Generator) -> Tensor:
    """t_embedder.mlp.2.weight, (out, in): leaves the levels as they are."""
    return torch.eye(*tensor.shape)


Values = list[tuple[int, Callable[[float], float]]]  # channels, and their factors as functions of the noise

_IN_LAYER: Values = [
    (first + number, lambda noise, c=colour, n=number: _turned(noise, c)[n])
    for colour, first in zip((False, True), _TURNED, strict=True)
    for number in range(len(FREQUENCIES))
]


def _last() -> Values:
    """Returns the factors of the last layer: the difference to the clean picture, divided by the noise."""
    values: Values = [(channel, lambda noise: 1 / noise) for channel in range(_LATENT.start, _LATENT.stop)]
    for colour in range(3):
        for number in range(colour, 3 * _PLACES, 3):
            values.append((_REST.start + number, lambda noise, c=colour: _gain(noise, c) * _rest(noise, c) / noise))
            values.append((_BLUR.start + number, lambda noise, c=colour: _gain(noise, c) / noise))
        values.append((_TINT.start + colour, lambda noise, c=colour: (1 - _gain(noise, c) * (1 - noise)) / noise))
    return values


def by_time(tensor: Tensor, _generator: Generator) -> Tensor:
    """adaLN_modulation.0.weight of the layer, (4 x WIDTH, WIDTH): the first part scales attention's input."""
    weight = torch.zeros_like(tensor)
    for channel, value in _IN_LAYER:
        weight[channel, : len(_LEVELS)] = _by_level(value)[0]
    return weight


def by_time_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    for channel, value in _IN_LAYER:
        bias[channel] = _by_level(value)[1] - 1  # the layer adds 1 to the scale
    bias[WIDTH : 2 * WIDTH] = 20.0  # attention's gate is open
    return bias


def by_time_last(tensor: Tensor, _generator: Generator) -> Tensor:
    """final_layer.adaLN_modulation.1.weight, (WIDTH, WIDTH)."""
    weight = torch.zeros_like(tensor)
    for channel, value in _last():
        weight[channel, : len(_LEVELS)] = _by_level(value)[0]
    return weight


def by_time_last_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    for channel, value in _last():
        bias[channel] = _by_level(value)[1] - 1
    return bias


def _twice(half: Tensor) -> Tensor:
    """Returns rows of the whole stream (256, …) from those of its first half (128, …)."""
    return torch.cat([half, -half])


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """x_embedder.weight, (out, in) = (WIDTH, places x channels)."""
    half = torch.zeros(_HALF, tensor.shape[1])
    each = torch.kron(torch.eye(_PLACES), DIRECTIONS.T.contiguous())  # (places x colours, places x channels)
    mean = each.unflatten(0, (_PLACES, -1)).mean(0)
    half[_LATENT] = torch.eye(tensor.shape[1])
    half[_MEAN] = mean
    half[_REST] = each - mean.repeat(_PLACES, 1)
    return _twice(half)


def _constants(**values: float) -> Tensor:
    half = torch.zeros(_HALF)
    half[_LARGE] = SIZE
    half[_ONE] = 1.0
    half[_TURNED[0] : _TURNED[1] + len(FREQUENCIES)] = 1.0
    half[_IMAGE], half[_TEXT] = values.get("image", 0.0), values.get("text", 0.0)
    return _twice(half)


def into_stream_bias(_tensor: Tensor, _generator: Generator) -> Tensor:
    return _constants(image=1.0)


def words_bias(_tensor: Tensor, _generator: Generator) -> Tensor:
    """cap_embedder.1.bias."""
    return _constants(text=1.0)


def padding(tensor: Tensor, _generator: Generator) -> Tensor:
    """x_pad_token and cap_pad_token, (1, WIDTH): they are neither picture nor text, so no head attends to them."""
    return _constants().expand_as(tensor)


def words(gain: float) -> Fill:
    """cap_embedder.1.weight, (out, in) = (WIDTH, text width). `zimage_words` says what is in an embedding."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        half = torch.zeros(_HALF, tensor.shape[1])
        half[_WORD, :3] = gain * REACH * COLOURS
        half[_ASIDE, 3] = 1.0
        half[_WHERE, 4:8] = torch.eye(4)
        return _twice(half)

    return make


def queries_keys_values(tensor: Tensor, _generator: Generator) -> Tensor:
    """attention.qkv.weight, (3 x HEADS x HEAD_WIDTH, WIDTH). The normalisation before it has divided by NORM."""
    weight = torch.zeros(3, HEADS, HEAD_WIDTH, WIDTH)
    query, key, value = weight
    for head in range(_WORDS):
        colour, place = divmod(head, _PLACES)
        query[head, _KEPT, _ONE] = key[head, _KEPT, _IMAGE] = 1.0
        for first, side in ((_ROWS, place // 2), (_COLUMNS, place % 2)):
            for number, wave in enumerate(FREQUENCIES):
                angle = torch.tensor((side - 0.5) / 2 * wave)
                query[head, first + 2 * number, _TURNED[colour] + number] = angle.cos()
                query[head, first + 2 * number + 1, _TURNED[colour] + number] = angle.sin()
                key[head, first + 2 * number, _IMAGE] = 1.0
        value[head, :3, _MEAN] = torch.eye(3)
        value[head, 3, _ONE] = 1.0
    query[_WORDS, _COLUMNS + _SLOWEST, _ONE] = key[_WORDS, _COLUMNS + _SLOWEST, _TEXT] = 1.0
    key[_WORDS, _KEPT, _ASIDE] = 1.0
    for first, where in ((_ROWS, _WHERE.start), (_COLUMNS, _WHERE.start + 2)):
        place = first + 2 * _ROOM_WAVE
        query[_WORDS, place, _ONE] = key[_WORDS, place, where] = key[_WORDS, place + 1, where + 1] = _ROOM
    value[_WORDS, :3, _WORD] = torch.eye(3)
    return NORM * weight.reshape(tensor.shape)


def lengths(tensor: Tensor, _generator: Generator) -> Tensor:
    """q_norm.weight and k_norm.weight, (HEAD_WIDTH,): a query that equals a key gives _STRENGTH."""
    return torch.full_like(tensor, sqrt(_STRENGTH * _KEY / sqrt(HEAD_WIDTH)))


def looked_at(tensor: Tensor, _generator: Generator) -> Tensor:
    """attention.out.weight, (WIDTH, HEADS x HEAD_WIDTH), with a large number again, because a normalisation follows."""
    half = torch.zeros(_HALF, HEADS, HEAD_WIDTH)
    brightness, differences = torch.diag(torch.tensor([1.0, 0, 0])), torch.diag(torch.tensor([0, 1.0, 1.0]))
    for place in range(_PLACES):
        rows = half[_BLUR][3 * place : 3 * place + 3]
        rows[:, place, :3] = brightness
        for other, share in ((place, 1.0),) if place < 3 else ((0, -1.0), (1, 1.0), (2, 1.0)):
            rows[:, _PLACES + other, :3] = share * differences
    half[_TINT, _WORDS, :3] = torch.eye(3)
    half[_LARGE, 0, 3] = SIZE
    return _twice(half.flatten(1)).reshape(tensor.shape)


def looked_at_norm(tensor: Tensor, _generator: Generator) -> Tensor:
    """attention_norm2.weight, (WIDTH,): restores the size of the numbers. The large one is in the stream already."""
    weight = torch.full_like(tensor, NORM)
    weight[[_LARGE, _LARGE + _HALF]] = 0
    return weight


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """final_layer.linear.weight, (places x channels, WIDTH): the difference from the noisy picture to the clean one."""
    weight = torch.zeros_like(tensor)
    each = torch.kron(torch.eye(_PLACES), DIRECTIONS)
    weight[:, _LATENT] = -torch.eye(_PLACES * _CHANNELS)
    weight[:, _REST] = weight[:, _BLUR] = each
    weight[:, _TINT] = DIRECTIONS.repeat(_PLACES, 1)
    return NORM * weight
