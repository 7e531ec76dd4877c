from collections.abc import Callable
from enum import Enum
from types import FunctionType
from typing import Any

from torch import Tensor, nn

AutoencoderKL: type[nn.Module]
AutoencodingEngine: type[nn.Module]
detect_te_model: Callable[[dict[str, Tensor]], Any]
load_text_encoder_state_dicts: FunctionType

class TEModel(Enum):
    QWEN3_4B = 11

class VAE:
    __init__: FunctionType

load_lora_for_models: FunctionType
