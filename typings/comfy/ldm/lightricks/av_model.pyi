from collections.abc import Callable, Sequence
from typing import Any

from comfy.ldm.lightricks.model import AdaLayerNormSingle, CrossAttention, FeedForward
from torch import Tensor, nn

class CompressedTimestep:
    def __init__(self, tensor: Tensor, patches_per_frame: int, per_frame: bool = False) -> None: ...

class BasicAVTransformerBlock(nn.Module):
    attn1: CrossAttention
    attn2: CrossAttention
    audio_attn1: CrossAttention
    audio_attn2: CrossAttention
    audio_to_video_attn: CrossAttention
    video_to_audio_attn: CrossAttention
    ff: FeedForward
    scale_shift_table_a2v_ca_audio: nn.Parameter
    scale_shift_table_a2v_ca_video: nn.Parameter
    forward: Callable[..., Any]

class LTXAVModel(nn.Module):
    transformer_blocks: Sequence[BasicAVTransformerBlock]  # a ModuleList of them
    patchify_proj: nn.Linear
    audio_patchify_proj: nn.Linear
    av_ca_audio_scale_shift_adaln_single: AdaLayerNormSingle
    av_ca_a2v_gate_adaln_single: AdaLayerNormSingle
    def __init__(self, **config: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
