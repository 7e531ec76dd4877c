"""What the transformer knows of places before it learns anything: on which edges of the clip a token lies.

Attention's rotary embedding tells tokens how far they are from each other, and nothing tells them where they are: a
clip begins as noise, which is the same everywhere. A model can only find out by looking for a neighbour that is not
there, and takes most of its course to learn how. So the first layer is given that: five of its heads look at one
neighbour each, and where there is none, at the token itself. What they see is taken from what the token is, and the
layer's feed-forward part makes one number of it: about 0 within the clip, and large at that edge. Beyond 8 x 8 tokens
not all edges are seen so clearly.
"""

from collections.abc import Sequence

import torch
from comfy.ldm.lightricks.av_model import LTXAVModel
from comfy.ldm.lightricks.model import CrossAttention
from torch import Tensor, nn

from demo_models.shapes import (
    TRANSFORMER,
    VIDEO_HEAD_WIDTH,
    VIDEO_HEADS,
    VIDEO_WIDTH,
)
from tools.train_demo.blocks import USED
from tools.train_demo.scenes import FRAME_RATE

_CELL = (8 / FRAME_RATE, 32.0, 32.0)  # seconds, rows and columns from a token to the next
# Which neighbour each head looks at: before, to the right, above, below, to the left. The first head's frequencies are
# low, which suits time, because its steps vary with the frame rate.
_NEIGHBOURS = ((-1, 0, 0), (0, 0, 1), (0, -1, 0), (0, 1, 0), (0, 0, -1))
_GAINS = (5.0, 5.0, 5.0, 5.0, 5.0)  # of queries and keys, by head
# How much a token itself is preferred to others that are not the neighbour. The higher a head's frequencies, the less
# does near mean alike.
_SELF = (0.0, 0.5, 0.75, 0.75, 0.75)
_SAMPLES = 16  # mixtures of a token's noise that are compared
_FIRST = USED  # the first of their channels in the stream; below are the latents themselves
_FLAGS = _FIRST + len(_NEIGHBOURS) * _SAMPLES  # channels that say where an edge is
_FREE = _FLAGS + len(_NEIGHBOURS)
_FLAG = 2.0
_STEEP = 2.0
_WITHIN = 0.85  # mean size of a difference within the clip, after the stream's normalisation
_AROUND = 2.0  # cells, from which the later layers' heads look around at first


def give(transformer: LTXAVModel) -> None:
    """Changes a transformer whose weights have been initialised. The first layer's look around is not to be learned."""
    transformer.transformer_blocks[0].attn1.requires_grad_(False)
    with torch.no_grad():
        _spread_out(transformer.patchify_proj)
        first, *others = transformer.transformer_blocks
        _look_at_neighbours(first.attn1)
        for layer in (first.attn2.to_out[0], first.audio_to_video_attn.to_out[0]):
            layer.weight[_FIRST:_FREE] = 0
        _find_edges(first.ff.net[0].proj, first.ff.net[2])
        for block in others:
            for head in range(VIDEO_HEADS):
                offset = _AROUND * (2 * torch.rand(3) - 1)
                _look_at(block.attn1, head, offset.tolist(), 1.0)


def _spread_out(layer: nn.Linear) -> None:
    layer.weight.zero_()
    layer.weight[:USED, :USED] = torch.eye(USED)
    mixtures = torch.randn(_FLAGS - _FIRST, USED)
    layer.weight[_FIRST:_FLAGS, :USED] = nn.functional.normalize(mixtures)


def _look_at_neighbours(attention: CrossAttention) -> None:
    attention.to_q.weight.zero_()
    attention.to_k.weight.zero_()
    attention.to_gate_logits.weight.zero_()
    attention.to_out[0].weight[:_FREE] = 0
    for head, (offset, gain, itself) in enumerate(zip(_NEIGHBOURS, _GAINS, _SELF, strict=True)):
        _look_at(attention, head, offset, gain, itself)
        seen = slice(head * VIDEO_HEAD_WIDTH, head * VIDEO_HEAD_WIDTH + _SAMPLES)
        compared = slice(_FIRST + head * _SAMPLES, _FIRST + (head + 1) * _SAMPLES)
        attention.to_v.weight[seen] = 0
        attention.to_v.weight[seen, compared] = torch.eye(_SAMPLES)
        attention.to_out[0].weight[:, seen] = 0
        # What comes in was divided by the root mean square of the stream, in which some channels are 0.
        attention.to_out[0].weight[compared, seen] = -((_FLAGS / VIDEO_WIDTH) ** 0.5) * torch.eye(_SAMPLES)


def _look_at(attention: CrossAttention, head: int, offset: Sequence[float], gain: float, itself: float = 0.0) -> None:
    """Biases of queries and keys that agree best where the key's token is so many cells from the query's."""
    half, first = VIDEO_HEAD_WIDTH // 2, head * VIDEO_HEAD_WIDTH
    turned = _turns(head) @ torch.tensor(offset, dtype=torch.float32)
    whole = slice(first, first + VIDEO_HEAD_WIDTH)
    attention.to_q.bias[whole] = torch.cat([turned.cos() + itself, turned.sin()])
    attention.to_k.bias[whole] = torch.cat([torch.ones(half), torch.zeros(half)])
    for norm in (attention.q_norm, attention.k_norm):
        norm.weight[whole] = gain


def _turns(head: int) -> Tensor:
    """How far the head's pairs of channels are turned from one cell to the next, [pairs, 3] in radians."""
    count = VIDEO_WIDTH // 6
    frequencies = torch.pi / 2 * 10_000 ** torch.linspace(0, 1, count)
    furthest = torch.tensor(TRANSFORMER["positional_embedding_max_pos"])
    turns = 2 * frequencies[:, None] * torch.tensor(_CELL) / furthest  # [frequencies, axes]
    pairs = torch.arange(head * VIDEO_HEAD_WIDTH // 2, (head + 1) * VIDEO_HEAD_WIDTH // 2)
    found = torch.zeros(len(pairs), 3)
    found[torch.arange(len(pairs)), pairs % 3] = turns.flatten()[pairs]
    return found


def _find_edges(wider: nn.Linear, narrower: nn.Linear) -> None:
    """Each difference, upwards and downwards; their mean is subtracted from what it is within the clip."""
    units = 2 * (_FLAGS - _FIRST)
    wider.weight[:units] = 0
    narrower.weight[_FLAGS:_FREE] = 0
    narrower.weight[:, :units] = 0
    narrower.bias[_FLAGS:_FREE] = _FLAG
    for unit in range(units):
        channel = _FIRST + unit // 2
        wider.weight[unit, channel] = _STEEP if unit % 2 else -_STEEP
        narrower.weight[_FLAGS + (channel - _FIRST) // _SAMPLES, unit] = -_FLAG / (_SAMPLES * _STEEP * _WITHIN)
