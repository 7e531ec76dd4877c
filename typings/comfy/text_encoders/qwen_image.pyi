from types import FunctionType

from torch import nn

Qwen25_7BVLIModel: type[nn.Module]

class QwenImageTEModel(nn.Module):
    __init__: FunctionType
