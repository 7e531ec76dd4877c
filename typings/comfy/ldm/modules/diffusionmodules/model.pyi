from typing import Any

from torch import Tensor, nn

class ResnetBlock(nn.Module):
    def forward(self, x: Tensor, temb: Any = None) -> Tensor: ...
