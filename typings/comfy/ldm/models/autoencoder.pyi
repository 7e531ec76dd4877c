from typing import Any

from torch import nn

class AutoencoderKL(nn.Module):
    def __init__(self, *, ddconfig: dict[str, Any], embed_dim: int) -> None: ...

class AutoencodingEngine(nn.Module):
    encoder: Any
    decoder: Any
    def __init__(
        self, *, encoder_config: dict[str, Any], decoder_config: dict[str, Any], regularizer_config: dict[str, Any]
    ) -> None: ...
