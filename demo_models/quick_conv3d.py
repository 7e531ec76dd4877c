"""Makes small three-dimensional convolutions fast on a CPU. The demo models' video VAEs have many of them.

For few channels, torch 2.11 uses a loop of its own instead of oneDNN, which is many times slower: use_mkldnn in ATen's
Convolution.cpp only counts channels x frames x height. The same sum as one two-dimensional convolution, in which the
frames of the kernel are channels, uses oneDNN.
"""

from typing import Any

import comfy.ops
import torch
from torch import Tensor
from torch.nn import functional

from patches import expect_parameters, patch

_SMALL = 20_480  # up to this product of B, C, T and H, torch uses its loop


def patch_comfyui() -> None:
    """Call it after ComfyUI was imported. A second call has no effect."""
    if comfy.ops.disable_weight_init.Conv3d._conv_forward.__module__ != __name__:
        _patch_conv3d()


@patch(
    "comfy.ops:disable_weight_init.Conv3d._conv_forward",
    package="ComfyUI",
    reason="For few channels, torch's three-dimensional convolution on a CPU is many times slower than it need be.",
    until="torch counts all three dimensions where it decides to use oneDNN.",
)
def _patch_conv3d() -> None:
    layer = comfy.ops.disable_weight_init.Conv3d
    expect_parameters(layer._conv_forward, "self", "input", "weight", "bias", "autopad", "args", "kwargs")
    original = layer._conv_forward

    def quick(self: Any, video: Tensor, weight: Tensor, bias: Tensor | None, autopad: str | None = None) -> Tensor:
        small = video.shape[:4].numel() <= _SMALL and self.groups == 1 and self.padding_mode == "zeros"
        if not small or video.device.type != "cpu" or self.dilation != (1, 1, 1):
            return original(self, video, weight, bias, autopad=autopad)
        if autopad == "causal_zero":
            weight = weight[:, :, -video.shape[2] :]
        return _as_pictures(video, weight, bias, self.stride, self.padding)

    layer._conv_forward = quick


def _as_pictures(
    video: Tensor, weight: Tensor, bias: Tensor | None, stride: tuple[int, ...], padding: tuple[int, ...]
) -> Tensor:
    """Convolves a video (B, in, T, H, W) with a weight (out, in, t, h, w) and returns (B, out, T, H, W)."""
    video = functional.pad(video, (0, 0, 0, 0, padding[0], padding[0]))
    taps = weight.shape[2]
    frames = (video.shape[2] - taps) // stride[0] + 1
    shifted = [video[:, :, tap : tap + (frames - 1) * stride[0] + 1 : stride[0]] for tap in range(taps)]
    pictures = torch.stack(shifted, 2).movedim(3, 1).flatten(2, 3).flatten(0, 1)  # (B x T, in x t, H, W)
    made = functional.conv2d(pictures, weight.flatten(1, 2), bias, stride[1:], padding[1:])
    return made.unflatten(0, (video.shape[0], frames)).movedim(1, 2)
