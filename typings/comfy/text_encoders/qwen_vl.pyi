from torch import nn

Qwen2VLVisionTransformer: type[nn.Module]
