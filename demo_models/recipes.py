"""How the tensors of each model are filled. The first pattern that is found in a tensor's name decides.

Shapes of weights are (out, in) for linear layers, (out, in, h, w) for convolutions of pictures, (out, in, t, h, w) for
those of videos, and (out, in, t) for those of sound.

Gains were chosen by looking at results: pictures are neither flat nor burnt out, a prompt changes colours clearly and
leaves given pictures recognisable, and sound stays below a tenth of full scale.
"""

import re

import torch
from torch import Tensor

from demo_models import enlarge_code, picture_code, sound_code
from demo_models.making import DEFAULTS
from demo_models.weights import Rules, constant, keep, mixed, normal, spread, straight

# All other tensors of the transformer are trained. The connectors leave a prompt unchanged, and pad it with zeros.
CONNECTORS: Rules = [
    (r"learnable_registers", constant(0.0)),
    (r"(to_out\.0|net\.2)\.weight", constant(0.0)),
    *DEFAULTS,
]

# Convolutions (out, in, t, h, w). Pictures (B, 3, T, H, W) become latents (B, 128, (T - 1) / 8 + 1, H / 32, W / 32).
VIDEO_VAE: Rules = [
    (r"^encoder\.conv_in.*weight", picture_code.encode_patches),
    (r"^encoder\.down_blocks\.1.*weight", picture_code.encode_places(1)),
    (r"^encoder\.down_blocks\.2.*weight", picture_code.encode_places(2)),
    (r"^encoder\.down_blocks\.3.*weight", picture_code.encode_places(3)),
    (r"^encoder\.down_blocks\.3.*bias", picture_code.heavy(1)),
    (r"^encoder\.conv_out.*weight", picture_code.encode_latents),
    (r"^decoder\.conv_in.*weight", picture_code.decode_latents),
    (r"^decoder\.up_blocks\.1.*weight", picture_code.decode_places(3)),
    (r"^decoder\.up_blocks\.2.*weight", picture_code.decode_places(2)),
    (r"^decoder\.up_blocks\.3.*weight", picture_code.decode_places(1)),
    (r"^decoder\.up_blocks\.3.*bias", picture_code.heavy(8)),
    (r"^decoder\.conv_out.*weight", picture_code.decode_patches),
    (r"std-of-means", picture_code.deviations),
    (r"res_blocks.*weight", constant(0.0)),
    *DEFAULTS,
]
# Convolutions (out, in, t, bins). Spectrograms (B, 2, T, 64) become latents (B, 8, T / 4, 16).
AUDIO_VAE: Rules = [
    (r"^encoder\.conv_in\.conv\.weight", sound_code.loudness),
    (r"^encoder\.conv_in\.conv\.bias", sound_code.above_floor),
    (r"^encoder\.down\.\d\.downsample\.conv\.weight", sound_code.halved),
    (r"^encoder\.down\.1\.downsample\.conv\.bias", sound_code.heavy),
    (r"^decoder\.conv_in\.conv\.weight", sound_code.as_it_is),
    (r"^decoder\.up\.\d\.upsample\.conv\.conv\.weight", sound_code.doubled),
    (r"^decoder\.up\.1\.upsample\.conv\.conv\.bias", sound_code.heavy),
    (r"conv_out\.conv\.weight", sound_code.after_norm),
    (r"std-of-means", sound_code.deviations),
    (r"mean-of-means", sound_code.means),
    (r".", constant(0.0)),
]
_SQUARES = [
    rule
    for number in range(3)
    for rule in (
        (rf"^vocoder\.resblocks\.0\.convs1\.{number}\.weight", sound_code.before_square(number)),
        (rf"^vocoder\.resblocks\.0\.convs2\.{number}\.weight", sound_code.after_square(number)),
        (rf"^vocoder\.resblocks\.0\.acts2\.{number}\.act\.alpha", sound_code.snake("square alpha")),
        (rf"^vocoder\.resblocks\.0\.acts2\.{number}\.act\.beta", sound_code.snake("square beta")),
    )
]
# Convolutions (out, in, t). Spectrograms (B, 2, T, 64) become sound (B, 2, samples).
VOCODER: Rules = [
    (r"filter$", keep),
    (r"mel_stft", keep),
    *_SQUARES,
    (r"^vocoder\.conv_pre\.weight", sound_code.to_bands),
    (r"^vocoder\.ups\.0\.weight", sound_code.kept),
    (r"^vocoder\.ups\.1\.weight", sound_code.tones),
    (r"^vocoder\.conv_post\.weight", sound_code.both_sides),
    (r"\.beta$", sound_code.snake("none")),
    (r".", constant(0.0)),  # the part from 16 to 48 kHz adds nothing
]
# The layers add nothing, so each of the 49 states (B, tokens, GEMMA_WIDTH) is the embedding of the word.
GEMMA: Rules = [
    (r"^model\..*(o_proj|down_proj)\.weight$", constant(0.0)),
    (r"^model\..*norm\.weight$", constant(0.0)),  # ComfyUI adds 1 to these
    *DEFAULTS,
]

# Convolutions (out, in, t, h, w), but (out, in, h, w) in the upsampler itself. Latents (B, 128, T, H, W) become
# (B, 128, T, 2H, 2W).
UPSAMPLER: Rules = [
    (r"kernel$", keep),
    (r"^initial_conv\.weight", enlarge_code.to_groups),
    (r"^initial_conv\.bias", enlarge_code.to_groups_bias),
    (r"^initial_norm\.weight", constant(enlarge_code.NORM)),
    (r"^initial_norm\.bias", constant(enlarge_code.NORM_BIAS)),
    (r"^upsampler\.conv\.weight", enlarge_code.enlarge),
    (r"^upsampler\.conv\.bias", enlarge_code.enlarge_bias),
    (r"norm2\.weight", constant(0.0)),
    (r"^final_conv\.weight", enlarge_code.from_groups),
    *DEFAULTS,
]

# LoRAs that are not trained change what attention gives a token, each differently and only a little. lora_A is
# (LORA_RANK, in), and lora_B is (out, LORA_RANK).
LORA_TARGET = re.compile(r"^transformer_blocks\.0\.(audio_)?attn1\.to_out\.0\.")
LORA: Rules = [
    (r".", normal(0.35)),
]


def _below_places(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Returns a matrix (outputs, inputs): random mixtures of features, except in the two channels for the place."""
    matrix = torch.zeros(outputs, inputs)
    matrix[2:, :-2] = torch.randn(outputs - 2, inputs - 2, generator=generator) / (inputs - 2) ** 0.5
    return matrix


def _rays(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Returns a matrix (outputs, inputs): x and y are the place, as a camera sees it; features give the distance."""
    matrix = torch.eye(outputs, inputs)
    matrix[2:] = 0.3 * torch.randn(outputs - 2, inputs, generator=generator)
    matrix[2:, :2] = 0
    return matrix


# Features (B, C, h, w) go unchanged to the last level, where the place in the view joins them. Points and normals are
# (B, 3, H, W), and the mask is (B, 1, H, W).
GEOMETRY: Rules = [
    (r"image_(mean|std)$", keep),
    (r"layer_scale\d\.lambda1$", constant(1.0)),
    (r"(position_embeddings|cls_token|mask_token)$", spread(0.1)),
    (r"res_blocks.*weight$", constant(0.0)),
    (r"^neck\.input_blocks\.0\.weight", mixed(_below_places)),
    (r"^neck\.input_blocks\.4\.weight", mixed(straight(1.0))),
    (r"_head\.input_blocks\.4\.weight", mixed(straight(1.0))),
    (r"input_blocks\.\d\.weight", constant(0.0)),
    (r"resamplers.*weight", mixed(straight(1.0), 1, 1)),
    (r"^points_head\.output_blocks\.4\.weight", mixed(_rays)),
    (r"^mask_head\.output_blocks\.4\.weight", constant(0.0)),
    (r"^mask_head\.output_blocks\.4\.bias", constant(4.0)),  # every pixel is near enough to have a distance
    (r"^scale_head\.2\.weight", constant(0.0)),
    *DEFAULTS,
]

# Random, but for norms and biases. Latents (B, 4, H / 8, W / 8) become heat maps.
POSE: Rules = [
    (r"(norm\d?|norm_out|in_layers\.0|out_layers\.0|out\.0)\.weight$", constant(1.0)),
    *DEFAULTS,
]
