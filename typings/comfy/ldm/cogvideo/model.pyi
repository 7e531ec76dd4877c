from typing import Any

from torch import nn

class CogVideoXTransformer3DModel(nn.Module):
    def __init__(self, **config: Any) -> None: ...
