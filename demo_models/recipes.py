"""How the tensors of each model are filled: first pattern that is found in a tensor's name wins.

Gains were chosen by looking at what comes out: pictures neither flat nor burnt out, a prompt that changes colours
clearly, sound that stays below a tenth of full scale.
"""

import re

import torch
from torch import Tensor

from demo_models.weights import Rules, anyhow, constant, keep, mixed, normal, spread, straight, transposed

_DEFAULTS: Rules = [
    (r"norm\d?\.weight$", constant(1.0)),
    (r"bias$", constant(0.0)),
    (r"std-of-means$", constant(1.0)),
    (r"mean-of-means$", constant(0.0)),
    (r".", normal(1.0)),
]

# Velocity is close to the noise itself, so that sampling calms the noise; attention mixes and the prompt tints.
TRANSFORMER: Rules = [
    (r"^patchify_proj\.weight", mixed(straight(1.0))),
    (r"^audio_patchify_proj\.weight", mixed(straight(1.0))),
    (r"^(audio_)?proj_out\.weight", mixed(straight(0.7))),
    (r"scale_shift_table", spread(0.3)),
    (r"adaln_single\.linear\.weight", normal(0.2)),
    # Padding stays empty, so that only the prompt's own words are attended to.
    (r"learnable_registers", constant(0.0)),
    (r"embeddings_connector.*(to_out\.0|net\.2)\.weight", constant(0.0)),
    (r"attn2\.k_norm\.weight", constant(4.0)),
    (r"attn2\.to_v\.weight", normal(4.0)),
    *_DEFAULTS,
]


def _picture_mix(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Red, green and blue that mostly rise and fall together: shades first, colours second."""
    colour_of = torch.tensor([[1.0, 0.6, -0.3], [1.0, -0.1, 0.6], [1.0, -0.5, -0.3]])
    signals = torch.randn(outputs, inputs, generator=generator)
    # SiLU's outputs have a positive mean, which must not end as one colour everywhere.
    signals = signals - signals.mean(dim=1, keepdim=True)
    return 0.6 * colour_of @ signals / inputs**0.5


def _blurred(tensor: Tensor, _generator: torch.Generator) -> Tensor:
    """Channel to channel over 3 x 3 latents of one frame: larger shapes than the noise has."""
    weight = torch.zeros_like(tensor)
    window = torch.tensor([0.25, 0.5, 0.25])
    weight[:, :, 1] = torch.einsum("oi,h,w->oihw", torch.eye(*tensor.shape[:2]), window, window)
    return weight


VIDEO_VAE: Rules = [
    (r"^decoder\.conv_in.*weight", _blurred),
    (r"^decoder.*res_blocks.*conv2.*weight", normal(0.5)),
    (r"^decoder\.up_blocks\.(1|2).*weight", mixed(anyhow(1.0), 2, 2, 2)),
    (r"^decoder\.up_blocks\.3.*weight", mixed(anyhow(1.0), 2, 1, 1)),
    (r"^decoder\.up_blocks\.5.*weight", mixed(anyhow(1.0), 1, 2, 2)),
    (r"^decoder\.conv_out.*weight", transposed(mixed(_picture_mix, 1, 4, 4))),
    (r"^encoder\.conv_out.*weight", normal(2.0)),
    *_DEFAULTS,
]
AUDIO_VAE = _DEFAULTS
VOCODER: Rules = [
    (r"filter$", keep),
    (r"mel_stft", keep),
    (r"^bwe_generator\.conv_post", constant(0.0)),  # nothing to add between 16 and 48 kHz
    (r"^vocoder\.conv_post", normal(0.015)),
    (r"\.(alpha|beta)$", constant(0.0)),
    *_DEFAULTS,
]
PROJECTION = _DEFAULTS
GEMMA: Rules = [
    # ComfyUI adds 1 to these: each layer changes the sum of embedding and layers a little.
    (r"^model\..*post_\w+_layernorm\.weight$", constant(-0.9)),
    (r"^model\..*norm\.weight$", constant(0.0)),
    *_DEFAULTS,
]


def _to_pairs(outputs: int, inputs: int, _generator: torch.Generator) -> Tensor:
    """Each live channel as it is and once more negated."""
    return torch.kron(torch.eye(outputs // 2, inputs), torch.tensor([[1.0], [-1.0]]))


def _from_pairs(outputs: int, inputs: int, _generator: torch.Generator) -> Tensor:
    return torch.kron(torch.eye(outputs, inputs // 2), torch.tensor([[0.5, -0.5]]))


# Enlarges and changes little else: pairs keep the normalisation's mean at 0 (each pair is one of its groups), its bias
# keeps everything on the straight part of SiLU, and the difference of a pair is free of that bias again.
UPSAMPLER: Rules = [
    (r"kernel$", keep),
    (r"^initial_conv\.weight", mixed(_to_pairs, 1, 1, 1)),
    (r"^initial_norm\.bias", constant(4.0)),
    (r"^upsampler\.conv\.weight", mixed(straight(1.0), 2, 2)),
    (r"norm2\.weight", constant(0.1)),
    (r"^final_conv\.weight", mixed(_from_pairs, 1, 1, 1)),
    *_DEFAULTS,
]

LORA_TARGET = re.compile(r"^transformer_blocks\.\d+\.(attn[12]\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2))\.")
LORA: Rules = [(r".", normal(0.7))]
