from torch import nn

class AudioVAE(nn.Module):
    autoencoder: nn.Module
    vocoder: nn.Module
    def __init__(self, metadata: dict[str, str]) -> None: ...
