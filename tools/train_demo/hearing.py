"""What the transformer knows of sound before it learns anything: how loud it is at each token's time.

Video hears sound through four layers' cross-attention. Left to learn that from nothing, all of them close their gates
early, because while they are random they disturb more than they help, and never open them again. So the first layer's
is made and not trained: two heads hear a little before and a little after the middle of a token's time how loud four
groups of bands are, and a third what that is on average. How much louder it is than that is written to channels of
its own.
"""

from collections.abc import Iterable

import torch
from comfy.ldm.lightricks.av_model import LTXAVModel
from comfy.ldm.lightricks.model import CrossAttention
from torch import Tensor, nn

from demo_models.shapes import AUDIO_HEAD_WIDTH, AUDIO_HEADS, AUDIO_WIDTH, TRANSFORMER, VIDEO_WIDTH
from demo_models.sound_code import BANDS, DEVIATION, FLOOR, MEAN

_GROUPS = 4  # of bands, and the first of sound's channels
_WHEN = (
    -0.08,
    0.08,
)  # seconds from the middle of a token's time, for the first heads: their frequencies are low enough
_HEARD = slice(VIDEO_WIDTH - _GROUPS * len(_WHEN), VIDEO_WIDTH)  # channels of video: first all groups at the first time
_GATE = 4  # row of the table
_GAIN = 1.25  # of queries and keys
_LOUD = 10.0  # of what is written


def give(transformer: LTXAVModel) -> None:
    """Changes a transformer whose weights have been initialised; what is changed is not to be learned."""
    first = transformer.transformer_blocks[0]
    groups = slice(0, _GROUPS)
    scales = transformer.av_ca_audio_scale_shift_adaln_single.linear  # of what is heard, then of what is seen
    gates = transformer.av_ca_a2v_gate_adaln_single.linear
    with torch.no_grad():
        layer = transformer.audio_patchify_proj
        layer.weight[groups] = 0
        layer.weight[groups, :BANDS] = torch.eye(_GROUPS).repeat_interleave(BANDS // _GROUPS, 1) * _GROUPS / BANDS
        layer.bias[groups] = (MEAN - FLOOR) / DEVIATION  # so that silence is 0
        _listen(first.audio_to_video_attn)
        for attention in (first.audio_attn1, first.audio_attn2):
            _clear(attention.to_out[0], groups)
        for attention in (first.attn1, first.attn2):
            _clear(attention.to_out[0], _HEARD)
        _clear(scales, slice(0, 2 * AUDIO_WIDTH))
        _clear(gates, _HEARD)
        first.scale_shift_table_a2v_ca_audio[:2] = 0
        first.scale_shift_table_a2v_ca_video[_GATE, _HEARD] = 1
    first.audio_to_video_attn.requires_grad_(False)
    _keep(layer.parameters(), groups)
    for attention in (first.audio_attn1, first.audio_attn2):
        _keep(attention.to_out[0].parameters(), groups)
    _keep(first.attn2.to_out[0].parameters(), _HEARD)
    _keep(scales.parameters(), slice(0, 2 * AUDIO_WIDTH))
    _keep(gates.parameters(), _HEARD)
    _keep([first.scale_shift_table_a2v_ca_audio], slice(0, 2))
    _keep([first.scale_shift_table_a2v_ca_video], (_GATE, _HEARD))


def _listen(attention: CrossAttention) -> None:
    for layer in (attention.to_q, attention.to_k, attention.to_v, attention.to_out[0], attention.to_gate_logits):
        layer.weight.zero_()
        layer.bias.zero_()
    half = AUDIO_HEAD_WIDTH // 2
    frequencies = torch.pi / 2 * 10_000 ** torch.linspace(0, 1, AUDIO_WIDTH // 2)
    turns = (2 * frequencies / TRANSFORMER["audio_positional_embedding_max_pos"][0]).view(AUDIO_HEADS, half)
    average = len(_WHEN)  # the head whose queries are 0
    for head, seconds in enumerate(_WHEN):
        turned = turns[head] * seconds
        channels = slice(head * AUDIO_HEAD_WIDTH, (head + 1) * AUDIO_HEAD_WIDTH)
        attention.to_q.bias[channels] = torch.cat([turned.cos(), turned.sin()])
        attention.to_k.bias[channels] = torch.tensor([1.0] * half + [0.0] * half)
        written = torch.arange(_GROUPS) + head * _GROUPS + _HEARD.start
        attention.to_out[0].weight[written, _values(head)] = _LOUD
        attention.to_out[0].weight[written, _values(average)] = -_LOUD
    for head in (*range(len(_WHEN)), average):
        attention.to_v.weight[_values(head), torch.arange(_GROUPS)] = 1
    for norm in (attention.q_norm, attention.k_norm):
        norm.weight.fill_(_GAIN)


def _values(head: int) -> Tensor:
    """Channels of a head's values that hold how loud the groups are."""
    return torch.arange(_GROUPS) + head * AUDIO_HEAD_WIDTH


def _clear(layer: nn.Linear, rows: slice) -> None:
    layer.weight[rows] = 0
    layer.bias[rows] = 0


def _keep(weights: Iterable[nn.Parameter], rows: slice | tuple[int, slice]) -> None:
    def without(gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        gradient[rows] = 0
        return gradient

    for weight in weights:
        weight.register_hook(without)
