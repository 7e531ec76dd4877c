from collections.abc import Sequence

from torch import nn

class AdaLayerNormSingle(nn.Module):
    linear: nn.Linear

class CrossAttention(nn.Module):
    q_norm: nn.RMSNorm
    k_norm: nn.RMSNorm
    to_q: nn.Linear
    to_k: nn.Linear
    to_v: nn.Linear
    to_gate_logits: nn.Linear
    to_out: Sequence[nn.Linear]  # a Sequential: the layer, then dropout

class GELU_approx(nn.Module):
    proj: nn.Linear

class FeedForward(nn.Module):
    net: tuple[GELU_approx, nn.Dropout, nn.Linear]  # a Sequential
