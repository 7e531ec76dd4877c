"""Passes over what adds nothing: in demo models' VAEs and enlarger most blocks have weights of zero at their end.

Of a picture of one megapixel it is all but a tenth of the work, and the result is the same. ComfyUI's VAE of Wan 2.1,
which Qwen Image has too, and that of Wan 2.2 have such blocks, and so has ESRGAN.
"""

from typing import Any

import comfy.ldm.wan.vae
import comfy.ldm.wan.vae2_2
from spandrel.architectures.__arch_helpers.block import ResidualDenseBlock_5C
from torch import Tensor

_CONVOLUTIONS = 2  # of a residual block; each has a place among the frames kept for the next chunk


def install() -> None:
    """Once per process, after ComfyUI was imported."""
    for block in (comfy.ldm.wan.vae.ResidualBlock, comfy.ldm.wan.vae2_2.ResidualBlock):
        _pass_over_residual(block)
    _pass_over_attention(comfy.ldm.wan.vae.AttentionBlock)
    _pass_over_dense(ResidualDenseBlock_5C)


def _pass_over_residual(block: Any) -> None:
    original = block.forward

    def quick(self: Any, x: Tensor, feat_cache: Any = None, feat_idx: Any = (0,), **more: Any) -> Tensor:
        last = self.residual[-1]
        if last.weight.any():
            return original(self, x, feat_cache, feat_idx, **more)
        if feat_cache is not None:
            feat_idx[0] += _CONVOLUTIONS
        added = self.shortcut(x)
        return added + last.bias.to(x).view(-1, 1, 1, 1) if last.bias.any() else added

    block.forward = quick


def _pass_over_attention(block: Any) -> None:
    original = block.forward

    def quick(self: Any, x: Tensor, *positional: Any, **named: Any) -> Tensor:
        if self.proj.weight.any() or self.proj.bias.any():
            return original(self, x, *positional, **named)
        return x

    block.forward = quick


def _pass_over_dense(block: Any) -> None:
    original = block.forward

    def quick(self: Any, x: Tensor) -> Tensor:
        last = self.conv5[0]
        return original(self, x) if last.weight.any() or last.bias.any() else x

    block.forward = quick
