from types import FunctionType

from torch import nn

__file__: str
UMT5XXlModel: type[nn.Module]

class WanT5Model(nn.Module):
    __init__: FunctionType
