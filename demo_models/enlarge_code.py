"""A latent upsampler with one fitted layer: (B, 128, T, H, W) becomes (B, 128, T, 2H, 2W).

The layer computes the most important latents of a clip of twice the size, each from the latents of a place and of the
eight places around it. The second sampling adds the rest.

Each latent has three channels: the latent, its negative, and a number so large that the normalisation only shifts and
scales. The normalisation's weight and bias undo this, except for a constant that keeps SiLU linear. The difference of
the first two channels removes the constant.
"""

import torch
from torch import Generator, Tensor

from demo_models import trained

_LARGE = 50.0
_STRAIGHT = 8.0  # around this value SiLU is linear
NORM = _LARGE * 2**0.5 / 3  # initial_norm.weight
NORM_BIAS = _LARGE / 3 + _STRAIGHT


def to_groups(tensor: Tensor, _generator: Generator) -> Tensor:
    """initial_conv.weight, (out, in, t, h, w) = (3 x latents, channels, 3, 3, 3)."""
    weight = torch.zeros_like(tensor)
    count = len(tensor) // 3
    each = torch.diag(1 / trained.tensor("picture.scale"))[:count]
    weight[:, :, 1, 1, 1] = torch.kron(each, torch.tensor([[1.0], [-1.0], [0.0]]))
    return weight


def to_groups_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    return torch.tensor([0.0, 0.0, _LARGE]).repeat(len(tensor) // 3)


def enlarge(tensor: Tensor, _generator: Generator) -> Tensor:
    """upsampler.conv.weight, (out, in, h, w) = (3 x latents x 2 x 2, 3 x latents, 3, 3)."""
    fitted = trained.tensor("picture.enlarge")  # (latents, 2 x 2, latents, 3, 3)
    signs = torch.tensor([1.0, -1.0, 0.0])
    return torch.einsum("opihw,s,t->ospithw", fitted, signs, 0.5 * signs).reshape(tensor.shape)


def enlarge_bias(tensor: Tensor, _generator: Generator) -> Tensor:
    return torch.tensor([_STRAIGHT, _STRAIGHT, 0.0]).repeat_interleave(4).repeat(len(tensor) // 12)


def from_groups(tensor: Tensor, _generator: Generator) -> Tensor:
    """final_conv.weight, (out, in, t, h, w) = (channels, 3 x latents, 3, 3, 3)."""
    weight = torch.zeros_like(tensor)
    each = torch.diag(trained.tensor("picture.scale"))[:, : tensor.shape[1] // 3]
    weight[:, :, 1, 1, 1] = torch.kron(each, torch.tensor([[0.5, -0.5, 0.0]]))
    return weight
