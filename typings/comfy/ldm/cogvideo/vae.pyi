from torch import nn

AutoencoderKLCogVideoX: type[nn.Module]
