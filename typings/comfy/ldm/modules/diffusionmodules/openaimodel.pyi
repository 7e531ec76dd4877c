from typing import Any

from torch import Tensor, nn

class UNetModel(nn.Module):
    heatmap_head: nn.Module
    def __init__(self, **config: Any) -> None: ...
    def _forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        y: Tensor,
        control: None,
        transformer_options: dict[str, Any],
        **more: Any,
    ) -> Tensor: ...
