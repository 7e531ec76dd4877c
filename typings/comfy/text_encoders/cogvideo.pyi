from types import FunctionType

from torch import nn

class CogVideoXT5XXL(nn.Module):
    __init__: FunctionType
