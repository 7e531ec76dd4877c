from collections.abc import Callable

from torch import nn

class FILMNet(nn.Module):
    __init__: Callable[..., None]
