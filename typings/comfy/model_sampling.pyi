from typing import Any

from torch import Tensor, nn

class ModelSamplingDiscrete(nn.Module):
    sigmas: Tensor
    def __init__(self, model_config: Any = None) -> None: ...
