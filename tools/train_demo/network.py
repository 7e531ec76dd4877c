"""The real transformer (ComfyUI's LTXAVModel, in the demo's sizes) made to learn, and its text side.

Two things are done otherwise than in use, with the same result: the block's additions are not in place, for which
there would be no gradients, and the padding of a prompt to 1024 tokens is one token that counts for all.
"""

import inspect
import math
import textwrap
from dataclasses import dataclass, fields
from typing import Any

import comfy.ldm.lightricks.av_model as av_model
import comfy.ldm.modules.attention
import comfy.model_management
import comfy.ops
import torch
from torch import Tensor, nn
from torch.nn import functional

from demo_models import shapes
from tools.train_demo import edges, hearing
from tools.train_demo.scenes import FRAME_RATE

CONTEXT = 1024  # tokens a prompt is filled up to, by the connectors' registers
WIDTH, AUDIO_WIDTH = shapes.VIDEO_WIDTH, shapes.AUDIO_WIDTH


@dataclass
class Batch:
    """Clips of one size at some noise, and what is given of them.

    video: [clips, tokens, 128], frame by frame; guides (clean frames shown besides) follow.
    noise: [clips, frames + guides], of the tokens of each.
    places: [1, 3, tokens, 2], frame number, row and column in pixels, from and to, as ComfyUI's patchifier.
    sound: [clips, tokens, 128]; sound_noise [clips].
    words: [clips, longest], 0 where there is none.
    """

    video: Tensor
    noise: Tensor
    places: Tensor
    sound: Tensor
    sound_noise: Tensor
    words: Tensor
    frames: Tensor  # [tokens], number of each token's frame

    def to(self, device: torch.device) -> "Batch":
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


class Learner(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.transformer = av_model.LTXAVModel(
            **shapes.TRANSFORMER, dtype=torch.float32, device="cpu", operations=comfy.ops.disable_weight_init
        )
        self.embedding = nn.Parameter(torch.randn(vocabulary, shapes.GEMMA_WIDTH))
        self.to_video = nn.Linear(shapes.GEMMA_WIDTH, WIDTH)
        self.to_audio = nn.Linear(shapes.GEMMA_WIDTH, AUDIO_WIDTH)
        initialise(self.transformer)
        edges.give(self.transformer)
        hearing.give(self.transformer)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Velocities of video and sound."""
        model = self.transformer
        count = len(batch.video)
        context, sound_context, bias = self.text(batch.words)
        noise, sound_noise = 1000 * batch.noise, 1000 * batch.sound_noise[:, None]
        most, sound_most = noise.amax(1, keepdim=True), sound_noise
        steps = (noise, sound_noise)

        def embedded(module: nn.Module, values: Tensor) -> tuple[Tensor, Tensor]:
            whole, inner = module(values.flatten(), batch_size=count, hidden_dtype=self.embedding.dtype)
            return whole.unflatten(0, (count, -1)), inner.unflatten(0, (count, -1))

        def per_frame(values: Tensor) -> Tensor | av_model.CompressedTimestep:
            """What the tokens of a frame have in common; at once where all frames have as many."""
            count, rest = divmod(len(batch.frames), int(batch.frames[-1]) + 1)
            if rest or batch.frames[count - 1] != 0 or batch.frames[count] == 0:
                return values[:, batch.frames]
            return av_model.CompressedTimestep(values, count, per_frame=True)

        video_step, video_inner = embedded(model.adaln_single, steps[0])
        sound_step, sound_inner = embedded(model.audio_adaln_single, steps[1])
        x = (model.patchify_proj(batch.video), model.audio_patchify_proj(batch.sound))
        _, sound_places = model.a_patchifier.patchify(batch.sound.unflatten(2, (8, 16)).movedim(1, 2)[:1])
        # Whole numbers, as in use: floats would be divided by the frame rate in place, and for sound once more.
        positions = model._prepare_positional_embeddings(
            [batch.places.long(), sound_places], FRAME_RATE, self.embedding.dtype
        )
        (place, cross), (sound_place, sound_cross) = positions
        for block in model.transformer_blocks:
            x = block(
                x,
                v_context=context,
                a_context=sound_context,
                attention_mask=bias,
                v_timestep=per_frame(video_step),
                a_timestep=sound_step,
                v_pe=place,
                a_pe=sound_place,
                v_cross_pe=cross,
                a_cross_pe=sound_cross,
                v_cross_scale_shift_timestep=per_frame(embedded(model.av_ca_video_scale_shift_adaln_single, noise)[0]),
                a_cross_scale_shift_timestep=embedded(model.av_ca_audio_scale_shift_adaln_single, sound_noise)[0],
                v_cross_gate_timestep=per_frame(
                    embedded(model.av_ca_a2v_gate_adaln_single, sound_most.expand_as(noise))[0]
                ),
                a_cross_gate_timestep=embedded(model.av_ca_v2a_gate_adaln_single, most)[0],
                transformer_options={},
                v_prompt_timestep=embedded(model.prompt_adaln_single, most)[0],
                a_prompt_timestep=embedded(model.audio_prompt_adaln_single, sound_most)[0],
            )
        video = _out(x[0], model.norm_out, model.scale_shift_table, video_inner[:, batch.frames], model.proj_out)
        sound = _out(x[1], model.audio_norm_out, model.audio_scale_shift_table, sound_inner, model.audio_proj_out)
        return video, sound

    def text(self, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Contexts of video and sound with one empty token at the end, and the bias that makes it count for all."""
        known = words > 0
        embeddings = rms_norm(self.embedding[words])
        contexts = []
        for project in (self.to_video, self.to_audio):
            context = rms_norm(project(embeddings)) * known[..., None]
            contexts.append(functional.pad(context, (0, 0, 0, 1)))
        empty = (CONTEXT - known.sum(1, keepdim=True)).float().log()
        bias = torch.cat([torch.where(known, 0.0, -1e4), empty], 1)[:, None, None].to(self.embedding.dtype)
        return contexts[0], contexts[1], bias


def rms_norm(values: Tensor) -> Tensor:
    return values * torch.rsqrt(values.pow(2).mean(-1, keepdim=True) + 1e-6)


def _out(x: Tensor, norm: nn.Module, table: Tensor, inner: Tensor, project: nn.Module) -> Tensor:
    shift, scale = (table + inner[:, :, None]).unbind(2)
    return project(norm(x) * (1 + scale) + shift)


def initialise(model: nn.Module) -> None:
    for name, weight in model.named_parameters():
        if name.endswith("norm.weight"):
            weight.data.fill_(2.0 if "attn2.k_norm" in name else 1.0)
        elif "scale_shift_table" in name:
            weight.data.zero_()
            if len(weight) == 9:  # gates of attention, feed-forward and text
                weight.data[[2, 5, 8]] = 1
            elif len(weight) == 5:  # the gate between sound and video
                weight.data[4] = 1
        elif "embeddings_connector" in name and ("to_out" in name or "net.2" in name or "registers" in name):
            weight.data.zero_()  # what comes in goes through as it is
        elif name.endswith("bias") or name.startswith(("proj_out", "audio_proj_out")):
            weight.data.zero_()
        elif ".linear.weight" in name and "adaln" in name:
            weight.data.normal_(0, 0.02)
        elif "to_video_attn.to_out" in name or "to_audio_attn.to_out" in name or "to_gate_logits" in name:
            weight.data.normal_(0, 0.1 / math.sqrt(weight.shape[1]))
        elif weight.dim() == 2:
            gain = 8.0 if "attn2.to_v" in name else 1.0
            weight.data.normal_(
                0, gain / math.sqrt(weight.shape[1]) if gain == 1 else gain * 0.25 / math.sqrt(weight.shape[1])
            )
        else:
            weight.data.zero_()


def let_learn() -> None:
    """Lets gradients flow through ComfyUI's block, attention and rotary embedding. Call it once per process."""
    block = av_model.BasicAVTransformerBlock
    source = textwrap.dedent(inspect.getsource(block.forward))
    for stream in ("vx", "ax"):
        for added in ("addcmul", "add"):
            source = source.replace(f"{stream}.{added}_(", f"{stream} = {stream}.{added}(")
    assert "_(" not in source.replace("_(self, x", "").replace("__", ""), source
    names: dict[str, Any] = {}
    exec(source, av_model.__dict__, names)
    block.forward = names["forward"]
    comfy.model_management.in_training = True
    comfy.ldm.modules.attention.optimized_attention = comfy.ldm.modules.attention.attention_pytorch
