"""Flux's autoencoder, which Z-Image uses, with computed weights. A latent keeps the mean colour of its 8 x 8 pixels.

(B, 3, H, W) becomes (B, 16, H / 8, W / 8). It works as `wan_code` does, but for pictures only. Normalisations here
subtract the mean of all channels and divide by their size. So each colour has a channel with its negative, and a large
number has one, too: the mean is 0, and the size is known. The colours are three directions of the 16 latent channels;
ComfyUI's previews use the same ones, so they show the right colours.
"""

import torch
from comfy.latent_formats import Flux
from torch import Generator, Tensor

from demo_models.picture_code import COLOURS
from demo_models.wan_code import doubled, halved, matrix, to_pairs, to_pixels
from demo_models.weights import Rules, constant

REACH = 2.0  # size of a normalised latent for the lightest and the darkest colour
_LARGE = 200.0
_UNPAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0, -1.0]]))  # (3, 6), after SiLU
_PAIRED = torch.kron(torch.eye(len(COLOURS)), torch.tensor([[1.0], [-1.0]]))  # (6, 3)


def _directions() -> Tensor:
    """Returns orthogonal directions (16, 3) of brightness and two differences, as near as possible to the previews'."""
    shown = torch.tensor(Flux().latent_rgb_factors, dtype=torch.float64)
    left, _, right = torch.linalg.svd(shown, full_matrices=False)
    return (left @ right @ COLOURS.double().T).float().contiguous()


DIRECTIONS = _directions()


def ballast(tensor: Tensor, _generator: Generator) -> Tensor:
    """Bias (out,) of the layer before a normalisation: the large number and its negative."""
    bias = torch.zeros_like(tensor)
    bias[-2:] = torch.tensor([_LARGE, -_LARGE])
    return bias


def size_again(tensor: Tensor, _generator: Generator) -> Tensor:
    """norm_out.weight, (channels,): restores the size."""
    return torch.full_like(tensor, _LARGE * (2 / len(tensor)) ** 0.5)


def shifted(tensor: Tensor, _generator: Generator) -> Tensor:
    """encoder.conv_out.bias, (2 x 16,): means, and logarithms of variances."""
    bias = torch.zeros_like(tensor)
    bias[: len(DIRECTIONS)] = Flux().shift_factor
    bias[len(DIRECTIONS) :] = -30.0
    return bias


def shifted_back(tensor: Tensor, _generator: Generator) -> Tensor:
    """decoder.conv_in.bias, (out,)."""
    bias = torch.zeros_like(tensor)
    bias[: len(_PAIRED)] = -Flux().shift_factor * _from_latents().sum(1)
    return bias


def _to_latents() -> Tensor:
    return REACH / Flux().scale_factor * DIRECTIONS @ _UNPAIRED


def _from_latents() -> Tensor:
    return Flux().scale_factor / REACH * _PAIRED @ DIRECTIONS.T


RULES: Rules = [
    (r"^encoder\.conv_in\.weight", to_pairs),
    (r"^encoder.*downsample\.conv\.weight", halved),
    (r"^encoder\.mid\.block_2\.conv2\.bias", ballast),
    (r"norm_out\.weight", size_again),
    (r"^encoder\.conv_out\.weight", matrix(_to_latents())),
    (r"^encoder\.conv_out\.bias", shifted),
    (r"^decoder\.conv_in\.weight", matrix(_from_latents())),
    (r"^decoder\.conv_in\.bias", shifted_back),
    (r"^decoder.*upsample\.conv\.weight", doubled),
    (r"^decoder\.up\.1\.upsample\.conv\.bias", ballast),
    (r"^decoder\.conv_out\.weight", to_pixels),
    (r"norm.*weight$", constant(1.0)),
    (r".", constant(0.0)),
]
