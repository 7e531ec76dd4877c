from torch import nn

class ResidualBlock(nn.Module): ...

WanVAE: type[nn.Module]
