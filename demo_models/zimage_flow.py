"""Z-Image's transformer, made and not trained: it knows how much of a noisy latent is picture.

Pictures are taken to be soft clouds around the colour of the prompt, the larger the stronger. What is most likely the
clean picture then is the noisy one blurred, the more noise the wider: from noise alone clouds come out, of a picture
with some noise its larger shapes are kept, and what is masked takes after its surroundings.

One layer does it. Each of the four latents of a token has a head that looks at the tokens around the latent's own
place; the timestep says how far. Three heads do the same for colours, which pictures have less of, so that they are
blurred more; the fourth place follows from three. Another head looks at the words. The stream is 128 numbers and the
same negated, so that its mean is 0, among them one so large that normalisations only scale it. Of the 16 latent
channels three directions count, see `zimage_code`; in the others the clean picture is 0.
"""

import itertools
from collections.abc import Callable
from math import pi, sin, sqrt

import torch
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS
from demo_models.weights import Fill
from demo_models.zimage_code import DIRECTIONS, REACH

WIDTH = 256  # the least that Z-Image's modulation takes
HEADS = 8  # brightness of the four latents of a token, colours of three of them, words
HEAD_WIDTH = WIDTH // HEADS
AXES = [8, 12, 12]  # of a head's dimensions: which token of the text, row, column
THETA = 256.0
FREQUENCIES = [THETA ** (-number / 6) for number in range(6)]
_PLACES = 4  # latents of one token, 2 x 2
_CHANNELS = 16
_HALF = WIDTH // 2

# The stream's first half.
_LATENT = slice(0, 64)
_MEAN = slice(64, 67)  # of the token's latents
_REST = slice(67, 79)  # what each of them differs
_BLUR = slice(79, 91)
_TINT = slice(91, 94)
_WORD = slice(94, 97)  # a word's colour
_ASIDE = 97  # how little a word counts
_WHERE = slice(98, 102)  # where in the picture it counts
_IMAGE, _TEXT, _ONE = 102, 103, 104
_TURNED = (105, 105 + len(FREQUENCIES))  # where they begin, for brightness and colours
_LARGE, SIZE = _HALF - 1, 100.0
NORM = SIZE * (2 / WIDTH) ** 0.5  # what a normalisation divides by

# A head's dimensions. Its first numbers carry values; in keys and queries they are pairs that positions turn.
_KEPT = 6  # turned by the text's positions alone, which all of a picture have in common
_ROWS, _COLUMNS = AXES[0], AXES[0] + AXES[1]
_SLOWEST = 2 * (len(FREQUENCIES) - 1)
_STRENGTH = 180.0  # of a query: what one head can tell apart
_KEY = sqrt(2 * len(FREQUENCIES) + 1)  # length of a picture's key
_WORDS = HEADS - 1  # number of the head that looks at words
_ROOM = 0.08  # how much it matters where in the picture a word counts
_ROOM_WAVE = 2  # number of the frequency by which that changes

# The picture: variances of the clouds in brightness and both differences of colours, in latents, and the share that
# is within a token.
_CLOUDS = (0.8, 0.1, 0.05)
_DETAIL = 0.05
_WIDE = (0.85, 2.4)  # tokens that brightness and colours are blurred where there is as much noise as picture
_WIDER = 0.55  # how that grows
_NARROWEST, _WIDEST = 0.18, 5.5
_SMALL = 0.02  # noise that counts as none

_NOISES = [1.0, 0.995, 0.985, 0.97, 0.95, 0.92, 0.88, 0.83, 0.77, 0.7, 0.62, 0.54, 0.46, 0.38, 0.31, 0.25, 0.2]
_NOISES += [0.16, 0.125, 0.1, 0.075, 0.055, 0.04, 0.03, _SMALL]
_SHARPNESS = 400.0
_SLOPE = 1000 * 10_000 ** (-127 / 128)  # of the timestep's last sine, nearly straight
_LEVELS = [sin(_SLOPE * (1 - noise)) / _SLOPE for noise in _NOISES]  # Z-Image's time goes from noise to picture


def _blur(noise: float, colour: bool) -> float:
    """How far a latent looks around, in tokens (standard deviation)."""
    return min(max(_WIDE[colour] * (noise / max(1 - noise, 1e-3)) ** _WIDER, _NARROWEST), _WIDEST)


def _gain(noise: float, channel: int) -> float:
    """By what the blurred latents are multiplied: noise is left in them, and of the picture one less noise."""
    clouds = _CLOUDS[channel]
    left = noise**2 / (_PLACES * max(1.0, 4 * pi * _blur(noise, channel > 0) ** 2))
    return (1 - noise) * clouds / ((1 - noise) ** 2 * clouds + left)


def _rest(noise: float, channel: int) -> float:
    """How much of what latents of a token differ is picture."""
    picture = (1 - noise) ** 2 * _DETAIL * _CLOUDS[channel]
    return picture / (picture + noise**2)


def _turned(noise: float, colour: bool) -> list[float]:
    """How much each frequency counts, so that together they fall like a bell curve around a place and do not rise
    again: those count that turn by less than half in the curve's width."""
    width = _blur(noise, colour)
    shares = [(wave * width) ** 2 * 2.0 ** -((wave * width / 0.5) ** 4) for wave in FREQUENCIES]
    counts = [share / sum(shares) / (wave * width) ** 2 for share, wave in zip(shares, FREQUENCIES, strict=True)]
    # A query is made as long as any other: what counts is its direction.
    return [count / sqrt(_STRENGTH**2 - 2 * sum(count**2 for count in counts)) for count in counts]


def _by_level(value: Callable[[float], float]) -> tuple[Tensor, float]:
    """A row that makes the value of the noise from the levels, and the value where it begins."""
    values = [value(noise) for noise in _NOISES]
    slopes = [0.0]
    for (start, before), (end, after) in itertools.pairwise(zip(_LEVELS, values, strict=True)):
        slopes.append((after - before) / (end - start))
    slopes.append(0.0)
    bends = [after - before for before, after in itertools.pairwise(slopes)]
    return torch.tensor(bends) / _SHARPNESS, values[0]


def levels(tensor: Tensor, _generator: Generator) -> Tensor:
    """t_embedder.mlp.0.weight: how far the time is above each level, once bent by SiLU."""
    weight = torch.zeros_like(tensor)
    weight[: len(_LEVELS), -1] = _SHARPNESS / _SLOPE
    return weight


def levels_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[: len(_LEVELS)] = -_SHARPNESS * torch.tensor(_LEVELS)
    return bias


def as_it_is(tensor: Tensor, _generator: Generator) -> Tensor:
    """t_embedder.mlp.2.weight."""
    return torch.eye(*tensor.shape)


Values = list[tuple[int, Callable[[float], float]]]  # channels, and what they are multiplied by at a noise

_IN_LAYER: Values = [
    (first + number, lambda noise, c=colour, n=number: _turned(noise, c)[n])
    for colour, first in zip((False, True), _TURNED, strict=True)
    for number in range(len(FREQUENCIES))
]


def _last() -> Values:
    """What the modulation of the last layer multiplies: the way to the clean picture, divided by the noise."""
    values: Values = [(channel, lambda noise: 1 / noise) for channel in range(_LATENT.start, _LATENT.stop)]
    for colour in range(3):
        for number in range(colour, 3 * _PLACES, 3):
            values.append((_REST.start + number, lambda noise, c=colour: _gain(noise, c) * _rest(noise, c) / noise))
            values.append((_BLUR.start + number, lambda noise, c=colour: _gain(noise, c) / noise))
        values.append((_TINT.start + colour, lambda noise, c=colour: (1 - _gain(noise, c) * (1 - noise)) / noise))
    return values


def by_time(tensor: Tensor, _generator: Generator) -> Tensor:
    """adaLN_modulation.0.weight of the layer, [4 x width, width]: the first part scales attention's input."""
    weight = torch.zeros_like(tensor)
    for channel, value in _IN_LAYER:
        weight[channel, : len(_LEVELS)] = _by_level(value)[0]
    return weight


def by_time_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    for channel, value in _IN_LAYER:
        bias[channel] = _by_level(value)[1] - 1  # what it scales adds 1
    bias[WIDTH : 2 * WIDTH] = 20.0  # attention's gate is open
    return bias


def by_time_last(tensor: Tensor, _generator: Generator) -> Tensor:
    """final_layer.adaLN_modulation.1.weight, [width, width]."""
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
    """Rows of the stream from those of its first half."""
    return torch.cat([half, -half])


def into_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """x_embedder.weight, [width, places x channels]."""
    half = torch.zeros(_HALF, tensor.shape[1])
    each = torch.kron(torch.eye(_PLACES), DIRECTIONS.T.contiguous())  # [places x colours, places x channels]
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
    """x_pad_token and cap_pad_token: neither picture nor text, so nobody looks at them."""
    return _constants().expand_as(tensor)


def words(gain: float) -> Fill:
    """cap_embedder.1.weight, [width, text width]: see `zimage_words` for what is in an embedding."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        half = torch.zeros(_HALF, tensor.shape[1])
        half[_WORD, :3] = gain * REACH * COLOURS
        half[_ASIDE, 3] = 1.0
        half[_WHERE, 4:8] = torch.eye(4)
        return _twice(half)

    return make


def queries_keys_values(tensor: Tensor, _generator: Generator) -> Tensor:
    """attention.qkv.weight, [3 x heads x head width, width]; the normalisation before it has divided by NORM."""
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
    """q_norm.weight and k_norm.weight: a query that agrees with a key in all gives the strength."""
    return torch.full_like(tensor, sqrt(_STRENGTH * _KEY / sqrt(HEAD_WIDTH)))


def looked_at(tensor: Tensor, _generator: Generator) -> Tensor:
    """attention.out.weight, [width, heads x head width]: and a large number again, a normalisation follows."""
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
    """attention_norm2.weight: gives the numbers their size back, and the large one is there already."""
    weight = torch.full_like(tensor, NORM)
    weight[[_LARGE, _LARGE + _HALF]] = 0
    return weight


def out_of_stream(tensor: Tensor, _generator: Generator) -> Tensor:
    """final_layer.linear.weight, [places x channels, width]: the way from the noisy picture to the clean one."""
    weight = torch.zeros_like(tensor)
    each = torch.kron(torch.eye(_PLACES), DIRECTIONS)
    weight[:, _LATENT] = -torch.eye(_PLACES * _CHANNELS)
    weight[:, _REST] = weight[:, _BLUR] = each
    weight[:, _TINT] = DIRECTIONS.repeat(_PLACES, 1)
    return NORM * weight
