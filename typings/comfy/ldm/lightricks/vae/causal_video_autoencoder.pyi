from typing import Any

from torch import nn

class VideoVAE(nn.Module):
    def __init__(self, version: int = 0, config: dict[str, Any] | None = None) -> None: ...
