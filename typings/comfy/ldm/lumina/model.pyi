from collections.abc import Callable
from types import FunctionType
from typing import Any

from torch import Tensor, nn

optimized_attention_masked: Callable[..., Tensor]

class NextDiT(nn.Module):
    def __init__(self, **config: Any) -> None: ...

class JointAttention(nn.Module):
    forward: FunctionType
