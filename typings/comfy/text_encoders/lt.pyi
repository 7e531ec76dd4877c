from types import FunctionType

from torch import nn

DualLinearProjection: type[nn.Module]

class LTXAVTEModel(nn.Module):
    __init__: FunctionType
