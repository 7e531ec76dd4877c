"""Fills the tensors of a model.

A `Fill` makes the values of one tensor; a `Mix` makes the matrix from a layer's input channels to its output channels.
A recipe is a list of (pattern, Fill), and the first pattern that is found in a tensor's name decides. Random values
depend on the seed and the tensor's name only, so a change of one tensor leaves the others as they were.
"""

import itertools
import re
import zlib
from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Generator, Tensor

Fill = Callable[[Tensor, Generator], Tensor]  # gets the tensor as the model's constructor left it
Mix = Callable[[int, int, Generator], Tensor]  # (outputs, inputs, generator) -> matrix (outputs, inputs)
Rules = Sequence[tuple[str, Fill]]


def fill(tensors: dict[str, Tensor], seed: int, rules: Rules) -> dict[str, Tensor]:
    """Returns float32 values for every tensor by the first rule that fits its name; the last rule must fit all."""
    filled = {}
    for name, tensor in tensors.items():
        # 32 bits: torch's generator for the CPU ignores the rest.
        generator = Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
        make = next(make for pattern, make in rules if re.search(pattern, name))
        filled[name] = make(tensor.float(), generator).contiguous()
    return filled


def keep(tensor: Tensor, _generator: Generator) -> Tensor:
    """Keeps the values. This is for filters, for which random values make no sense."""
    return tensor.clone()


def constant(value: float) -> Fill:
    return lambda tensor, _generator: torch.full_like(tensor, value)


def spread(deviation: float) -> Fill:
    """Normally distributed values with the given standard deviation."""
    return lambda tensor, generator: deviation * torch.randn(tensor.shape, generator=generator)


def normal(gain: float) -> Fill:
    """Normally distributed values, with which inputs of size 1 give outputs of size `gain`.

    The standard deviation is gain / sqrt(fan in).
    """
    return lambda tensor, generator: spread(gain * (len(tensor) / tensor.numel()) ** 0.5)(tensor, generator)


def mixed(mix: Mix, *factors: int) -> Fill:
    """A layer that mixes channels as `mix` says and interpolates linearly.

    Without factors, the layer is linear: (out, in). With one factor for each dimension, it is a convolution
    (out, in, 3, 3, …) whose output, unfolded to space, is larger by these factors. A factor of 1 uses
    the kernel's centre only.
    Output channels are ordered (channel, factor 1, factor 2, …), as ComfyUI's depth to space expects.
    """

    def make(tensor: Tensor, generator: Generator) -> Tensor:
        kernels = []
        for place in itertools.product(*(range(factor) for factor in factors)):
            kernel = torch.ones(())
            for index, factor in zip(place, factors, strict=True):
                kernel = torch.einsum("...,k->...k", kernel, interpolation(index, factor))
            kernels.append(kernel)
        matrix = mix(len(tensor) // prod(factors), tensor.shape[1], generator)
        return torch.einsum("oi,p...->opi...", matrix, torch.stack(kernels)).reshape(tensor.shape)

    return make


def straight(gain: float) -> Mix:
    """Maps each input channel to the output channel of the same number, times `gain`."""
    return lambda outputs, inputs, _generator: gain * torch.eye(outputs, inputs)


def interpolation(index: int, factor: int) -> Tensor:
    """Returns the weights (3,) of the previous, this and the next input for output `index` of `factor`."""
    offset = (index - (factor - 1) / 2) / factor
    return torch.tensor([max(0.0, -offset), 1 - abs(offset), max(0.0, offset)])
