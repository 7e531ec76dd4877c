"""How the tensors of each model are filled: first pattern that is found in a tensor's name wins.

Gains were chosen by looking at what comes out: pictures neither flat nor burnt out, a prompt that changes colours
clearly and leaves given pictures recognisable, sound that stays below a tenth of full scale.
"""

import re

import torch
from torch import Tensor

from demo_models import flow, picture_code
from demo_models.making import DEFAULTS
from demo_models.weights import Fill, Rules, constant, keep, mixed, normal, spread, straight

_MADE_FLOW: Rules = [
    (r"^patchify_proj\.weight", flow.as_it_is),
    (r"^patchify_proj\.bias", flow.large_channels),
    (r"^adaln_single.*linear_1\.weight", flow.levels),
    (r"^adaln_single.*linear_1\.bias", flow.levels_bias),
    (r"^adaln_single.*linear_2\.weight", flow.of_timestep),
    (r"^adaln_single.*linear_2\.bias", flow.of_timestep_bias),
    (r"^adaln_single\.linear\.weight", flow.modulation),
    (r"^transformer_blocks\.\d\.scale_shift_table$", flow.gates_open),
    (r"^transformer_blocks\.\d\.attn1\.to_[qk]\.bias", flow.where),
    (r"^transformer_blocks\.\d\.attn1\.to_q\.weight", constant(0.0)),
    (r"^transformer_blocks\.\d\.attn1\.to_k\.weight", flow.aside),
    (r"^transformer_blocks\.\d\.attn1\.k_norm\.weight", constant(25.0)),
    (r"^transformer_blocks\.\d\.attn1\.to_v\.weight", flow.as_it_is),
    (r"^transformer_blocks\.0\.attn1\.to_out\.0\.weight", flow.taken_away),
    (r"^transformer_blocks\.\d\.attn1\.to_(out\.0|gate_logits)\.weight", constant(0.0)),
    (r"^transformer_blocks\.\d\.attn2\.to_out\.0\.weight", flow.colours_only(normal(0.22))),
    (r"^transformer_blocks\.\d\.audio_to_video_attn\.to_out\.0\.weight", flow.colours_only(normal(1.5))),
    (r"^transformer_blocks\.\d\.ff\.net\.2\.weight", constant(0.0)),
    (r"^scale_shift_table", constant(0.0)),
    (r"^proj_out\.weight", flow.out_of_stream),
]

# The sound's side is random: velocity close to the noise itself, so that sampling calms the noise.
TRANSFORMER: Rules = [
    *_MADE_FLOW,
    (r"^audio_patchify_proj\.weight", mixed(straight(1.0))),
    (r"^audio_proj_out\.weight", mixed(straight(0.7))),
    (r"scale_shift_table", spread(0.3)),
    (r"adaln_single\.linear\.weight", normal(0.2)),
    # Padding stays empty, so that only the prompt's own words are attended to.
    (r"learnable_registers", constant(0.0)),
    (r"embeddings_connector.*(to_out\.0|net\.2)\.weight", constant(0.0)),
    (r"attn2\.k_norm\.weight", constant(4.0)),
    (r"attn2\.to_v\.weight", normal(4.0)),
    *DEFAULTS,
]

VIDEO_VAE: Rules = [
    (r"^encoder\.conv_in.*weight", picture_code.encode_patches),
    (r"^encoder\.down_blocks\.1.*weight", picture_code.encode_places(3)),
    (r"^encoder\.down_blocks\.2.*weight", picture_code.encode_places(6)),
    (r"^encoder\.down_blocks\.3.*weight", picture_code.encode_places(24)),
    (r"^encoder\.down_blocks\.3.*bias", picture_code.heavy(1)),
    (r"^encoder\.conv_out.*weight", picture_code.encode_squares),
    (r"^decoder\.conv_in.*weight", picture_code.decode_squares),
    (r"^decoder\.up_blocks\.1.*weight", picture_code.decode_places(24)),
    (r"^decoder\.up_blocks\.2.*weight", picture_code.decode_places(6)),
    (r"^decoder\.up_blocks\.3.*weight", picture_code.decode_places(3)),
    (r"^decoder\.up_blocks\.3.*bias", picture_code.heavy(8)),
    (r"^decoder\.conv_out.*weight", picture_code.decode_patches),
    (r"std-of-means", picture_code.deviations),
    (r"res_blocks.*weight", constant(0.0)),
    *DEFAULTS,
]
AUDIO_VAE = DEFAULTS
VOCODER: Rules = [
    (r"filter$", keep),
    (r"mel_stft", keep),
    (r"^bwe_generator\.conv_post", constant(0.0)),  # nothing to add between 16 and 48 kHz
    (r"^vocoder\.conv_post", normal(0.015)),
    (r"\.(alpha|beta)$", constant(0.0)),
    *DEFAULTS,
]
PROJECTION = DEFAULTS
GEMMA: Rules = [
    # ComfyUI adds 1 to these: each layer changes the sum of embedding and layers a little.
    (r"^model\..*post_\w+_layernorm\.weight$", constant(-0.9)),
    (r"^model\..*norm\.weight$", constant(0.0)),
    *DEFAULTS,
]


_LARGE = 50.0  # so large that a normalisation divides by it alone
_STRAIGHT = 8.0  # where SiLU changes nothing


def _to_groups(outputs: int, inputs: int, _generator: torch.Generator) -> Tensor:
    """Each colour's mean as it is and once more negated, the first two of a group of three."""
    colours = torch.eye(outputs // 3, flow.COLOURS) @ torch.eye(flow.COLOURS, inputs)
    return torch.kron(colours, torch.tensor([[1.0], [-1.0], [0.0]]))


def _from_groups(outputs: int, inputs: int, _generator: torch.Generator) -> Tensor:
    return torch.kron(torch.eye(outputs, inputs // 3), torch.tensor([[0.5, -0.5, 0.0]]))


def _in_groups(*values: float) -> Fill:
    return lambda tensor, _generator: torch.tensor(values).repeat(len(tensor) // 3)


# Enlarges the three means of colours and leaves the rest to the second sampling. The third of a group is so large that
# the normalisation only shifts and scales, which its weight and bias undo, but for what keeps SiLU straight; that
# is gone again from the difference of the first two.
UPSAMPLER: Rules = [
    (r"kernel$", keep),
    (r"^initial_conv\.weight", mixed(_to_groups, 1, 1, 1)),
    (r"^initial_conv\.bias", _in_groups(0.0, 0.0, _LARGE)),
    (r"^initial_norm\.weight", constant(_LARGE * 2**0.5 / 3)),
    (r"^initial_norm\.bias", constant(_LARGE / 3 + _STRAIGHT)),
    (r"^upsampler\.conv\.weight", mixed(straight(1.0), 2, 2)),
    (r"norm2\.weight", constant(0.0)),
    (r"^final_conv\.weight", mixed(_from_groups, 1, 1, 1)),
    *DEFAULTS,
]

# LoRAs mix the colours of what a token is shown, each in its own way, and change the sound a little.
LORA_TARGET = re.compile(r"^transformer_blocks\.0\.(audio_)?attn1\.to_out\.0\.")
LORA: Rules = [
    (r"\.attn1.*lora_A", mixed(straight(1.0))),
    (r"\.attn1.*lora_B", flow.mixed_colours),
    (r".", normal(0.7)),
]


def _below_places(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """A random mixture of the picture's features, in all channels but the first two, which are for the place."""
    matrix = torch.zeros(outputs, inputs)
    matrix[2:, :-2] = torch.randn(outputs - 2, inputs - 2, generator=generator) / (inputs - 2) ** 0.5
    return matrix


def _rays(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """x and y from the place, so that the view is one that a camera can have; distance from the features."""
    matrix = torch.eye(outputs, inputs)
    matrix[2:] = 0.3 * torch.randn(outputs - 2, inputs, generator=generator)
    matrix[2:, :2] = 0
    return matrix


# Straight through to the last level; the place in the view joins there.
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
    (r"^mask_head\.output_blocks\.4\.bias", constant(4.0)),  # everything is near enough to have a distance
    (r"^scale_head\.2\.weight", constant(0.0)),
    *DEFAULTS,
]

POSE: Rules = [
    (r"(norm\d?|norm_out|in_layers\.0|out_layers\.0|out\.0)\.weight$", constant(1.0)),
    *DEFAULTS,
]
