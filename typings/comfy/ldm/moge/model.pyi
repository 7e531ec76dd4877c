from collections.abc import Callable
from typing import Any

import torch
from torch import nn

class MoGeModel:
    dtype: torch.dtype
    __init__: Callable[..., None]

class MoGeModelV2(nn.Module):
    num_tokens_range: tuple[int, int]
    def __init__(self, **config: Any) -> None: ...
