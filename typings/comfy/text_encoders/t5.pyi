from typing import Any

import torch

class T5LayerFF(torch.nn.Module):
    def __init__(self, model_dim: int, ff_dim: int, ff_activation: str, gated_act: bool, **factory: Any) -> None: ...

class T5(torch.nn.Module):
    encoder: Any
    def __init__(self, config_dict: dict[str, Any], dtype: Any, device: Any, operations: Any) -> None: ...
