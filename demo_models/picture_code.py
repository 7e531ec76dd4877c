"""A video VAE whose code was fitted to pictures, see tools/train_demo/blocks.py.

It encodes 8 frames of 32 x 32 pixels as 128 numbers, of which each is the amount of one pattern: (B, 3, T, H, W)
becomes (B, 128, (T - 1) / 8 + 1, H / 32, W / 32).

Its convolutions only move and mix numbers; the residual blocks between them add nothing. They begin with squares of
4 x 4 pixels, each with one brightness and two differences of colours. Each stage gathers 2 x 2 places of 2 frames, and
the last stage then applies the patterns. Decoding does the same backwards. Colours have half the resolution of
brightness. The first frame is a block of its own, so it is decoded from the first latent alone.

A place contains, for each of its frames, the brightness of its squares and then each difference of colours.
"""

import torch
from torch import Generator, Tensor

from demo_models import trained
from demo_models.weights import Fill, interpolation

_KINDS = 3  # brightness, red against blue, green against both
PATCH = 4  # pixels on the side of the smallest square
COLOURS = torch.nn.functional.normalize(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]]))
# The VAE's last normalisations divide by the size of all channels. One very large channel keeps this size constant, and
# the others become so small that SiLU only halves them.
_HEAVY = 1e6
# The tap of a kernel for this frame is the last one in causal convolutions, as the encoder has, else the middle one.
_THIS, _MIDDLE = 2, 1


def encode_patches(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, h, w) from 4 x 4 pixels, with the colour first, to one brightness and two differences."""
    weight = torch.zeros_like(tensor)
    weight[:_KINDS, :, _THIS, 1, 1] = COLOURS.repeat_interleave(PATCH**2, dim=1) / PATCH**2
    return weight


def decode_patches(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, h, w) of the inverse, with smooth transitions between patches."""
    weight = torch.zeros_like(tensor)
    side = torch.stack([interpolation(index, PATCH) for index in range(PATCH)])
    # Width before height in the channels, as ComfyUI's unpatchify has it.
    pixels = torch.einsum("co,xw,yh->oxychw", COLOURS, side, side).flatten(0, 2)
    weight[:, :_KINDS, _MIDDLE] = pixels * _after_norm(tensor)
    return weight


def encode_places(stage: int) -> Fill:
    """Weight (out, in, t, h, w) from 2 x 2 places of 2 frames to one of stage 1, 2 or 3; stage 3 makes latents."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        gathered = _gathered(stage)  # (values, 2 frames, 2 rows, 2 columns, values before)
        if stage == _LAST:
            gathered = torch.einsum("vk,vfyxi->kfyxi", _patterns(2.0), gathered)
        weight[: len(gathered), : gathered.shape[-1], 1:, 1:, 1:] = gathered.movedim(-1, 1)
        return weight

    return make


def decode_places(stage: int) -> Fill:
    """Weight (out, in, t, h, w) of the inverse, from stage 1, 2 or 3."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        weight = torch.zeros_like(tensor)
        spread = _gathered(stage)
        # In the first stage, a difference of colours is the mean of four squares; each of them gets it back.
        spread = (spread > 0).to(spread) if stage == 1 else spread
        if stage == _LAST:
            spread = torch.einsum("vk,vfyxi->kfyxi", _patterns(0.5), spread)
        made = spread.permute(4, 1, 2, 3, 0).flatten(0, 3)  # (values, frame, row, column), as depth to space has it
        weight[: len(made), : made.shape[1], _MIDDLE, 1, 1] = made
        return weight

    return make


def encode_latents(tensor: Tensor, _generator: Generator) -> Tensor:
    """Weight (out, in, t, h, w) that leaves latents as they are."""
    weight = torch.zeros_like(tensor)
    count = trained.tensor("picture.basis").shape[1]
    weight[:count, :count, _THIS, 1, 1] = torch.eye(count) * _after_norm(tensor)
    return weight


def decode_latents(tensor: Tensor, _generator: Generator) -> Tensor:
    weight = torch.zeros_like(tensor)
    weight[:, :, _MIDDLE, 1, 1] = torch.eye(*tensor.shape[:2])
    return weight


def deviations(_tensor: Tensor, _generator: Generator) -> Tensor:
    """Returns the standard deviations of latents, (128,), by which ComfyUI divides them."""
    return trained.tensor("picture.scale")


def heavy(repeats: int) -> Fill:
    """Bias (out,) of the layer before a normalisation. Its last channel, which has `repeats` numbers, is very large."""

    def make(tensor: Tensor, _generator: Generator) -> Tensor:
        bias = torch.zeros_like(tensor)
        bias[-repeats:] = _HEAVY
        return bias

    return make


_LAST = 3


def _after_norm(tensor: Tensor) -> float:
    """Returns the factor that undoes normalisation and SiLU."""
    return 2 * _HEAVY / tensor.shape[1] ** 0.5


def _shapes(stage: int) -> list[tuple[int, int, int, int]]:
    """Returns kind, frames, rows and columns of the values in a place.

    In the last stage all frames of a kind are together, as in the patterns; before it, all kinds of a frame are.
    """
    frames, side = 2**stage, 2**stage
    sides = (side, max(1, side // 2), max(1, side // 2))
    if stage == _LAST:
        return [(kind, frames, one, one) for kind, one in enumerate(sides)]
    return [(kind, 1, one, one) for _ in range(frames) for kind, one in enumerate(sides)]


def _gathered(stage: int) -> Tensor:
    """Returns which value a stage puts where: (values, 2 frames, 2 rows, 2 columns, values of the stage before)."""
    before = _places(stage - 1)
    rows = []
    for kind, frame, row, column in _values(stage):
        half = 2 ** (stage - 1)
        side = max(1, half // (2 if kind else 1))
        found = torch.zeros(2, 2, 2, len(before))
        if stage == 1 and kind:
            found[frame, :, :, before[kind, 0, 0, 0]] = 0.25
        else:
            inside = before[kind, frame % half, row % side, column % side]
            found[frame // half, row // side, column // side, inside] = 1
        rows.append(found)
    return torch.stack(rows)


def _values(stage: int) -> list[tuple[int, int, int, int]]:
    """Returns kind, frame, row and column of each value of a place, in order."""
    found = []
    for number, (kind, frames, height, width) in enumerate(_shapes(stage)):
        for time in range(frames):
            now = time if frames > 1 else number // _KINDS
            found += [(kind, now, row, column) for row in range(height) for column in range(width)]
    return found


def _places(stage: int) -> dict[tuple[int, int, int, int], int]:
    return {value: number for number, value in enumerate(_values(stage))}


def _patterns(colours: float) -> Tensor:
    """Returns the patterns (values of the last stage, latents) with colours times `colours`.

    The patterns were fitted to twice the differences of colours.
    """
    basis = trained.tensor("picture.basis").clone()
    basis[2 ** (3 * _LAST) :] *= colours
    return basis
