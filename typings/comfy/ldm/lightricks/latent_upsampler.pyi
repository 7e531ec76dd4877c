from typing import Any, Self

from torch import nn

class LatentUpsampler(nn.Module):
    @classmethod
    def from_config(cls, config: dict[str, Any], operations: Any) -> Self: ...
