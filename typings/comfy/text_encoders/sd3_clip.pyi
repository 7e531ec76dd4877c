from typing import Any

from comfy.text_encoders.t5 import T5
from torch import nn

__file__: str

class _Model(nn.Module):
    transformer: T5
    operations: Any

T5XXLModel: type[_Model]
