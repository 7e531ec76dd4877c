from enum import Enum
from typing import Any

from torch import nn

class ModelType(Enum):
    IMG_TO_IMG = 9

class BaseModel(nn.Module):
    diffusion_model: Any
    def __init__(
        self, model_config: Any, model_type: ModelType, device: Any = None, unet_model: type = ...
    ) -> None: ...

class Lotus(BaseModel): ...
