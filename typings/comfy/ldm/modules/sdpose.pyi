from typing import Any

from torch import nn

class HeatmapHead(nn.Module):
    def __init__(self, **config: Any) -> None: ...
