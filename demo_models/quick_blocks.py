"""Skips blocks that add nothing. In the demo models' VAEs and enlarger, most blocks end with weights of zero.

For a picture of one megapixel, they take nine tenths of the time, and the result is the same without them. The VAEs of
Wan 2.1 (which Qwen Image also uses) and of Wan 2.2 have such blocks, and so has ESRGAN.
"""

from typing import Any

import comfy.ldm.wan.vae
import comfy.ldm.wan.vae2_2
from spandrel.architectures.__arch_helpers.block import ResidualDenseBlock_5C
from torch import Tensor

from patches import expect_parameters, patch

_CONVOLUTIONS = 2  # in a residual block; each has an entry in the cache of frames for the next chunk


@patch(
    "comfy.ldm.wan.vae:ResidualBlock.forward",
    "comfy.ldm.wan.vae:AttentionBlock.forward",
    "comfy.ldm.wan.vae2_2:ResidualBlock.forward",
    package="ComfyUI",
    reason="On a CPU, most of the time of a demo VAE would go into blocks that add nothing.",
    until="Demo VAEs are shallow, or have weights in these blocks.",
)
def _patch_wan() -> None:
    expect_parameters(comfy.ldm.wan.vae.ResidualBlock.forward, "self", "x", "feat_cache", "feat_idx", "final")
    expect_parameters(comfy.ldm.wan.vae2_2.ResidualBlock.forward, "self", "x", "feat_cache", "feat_idx")
    expect_parameters(comfy.ldm.wan.vae.AttentionBlock.forward, "self", "x", "feat_cache", "feat_idx", "final")
    for block in (comfy.ldm.wan.vae.ResidualBlock, comfy.ldm.wan.vae2_2.ResidualBlock):
        _skip_residual(block)
    _skip_attention(comfy.ldm.wan.vae.AttentionBlock)


@patch(
    "spandrel.architectures.__arch_helpers.block:ResidualDenseBlock_5C.forward",
    package="spandrel",
    reason="On a CPU, most of the time of the demo enlarger would go into blocks that add nothing.",
    until="The demo enlarger is shallow, or has weights in these blocks.",
)
def _patch_esrgan() -> None:
    expect_parameters(ResidualDenseBlock_5C.forward, "self", "x")
    _skip_dense(ResidualDenseBlock_5C)


def patch_comfyui() -> None:
    """Call it once per process, after ComfyUI was imported."""
    _patch_wan()
    _patch_esrgan()


def _skip_residual(block: Any) -> None:
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


def _skip_attention(block: Any) -> None:
    original = block.forward

    def quick(self: Any, x: Tensor, *positional: Any, **named: Any) -> Tensor:
        if self.proj.weight.any() or self.proj.bias.any():
            return original(self, x, *positional, **named)
        return x

    block.forward = quick


def _skip_dense(block: Any) -> None:
    original = block.forward

    def quick(self: Any, x: Tensor) -> Tensor:
        last = self.conv5[0]
        return original(self, x) if last.weight.any() or last.bias.any() else x

    block.forward = quick
