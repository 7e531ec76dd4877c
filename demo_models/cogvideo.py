"""Demo files of CogVideoX: transformer, VAE and text encoder."""

import inspect
import json
from pathlib import Path
from typing import Any

import comfy.ldm.cogvideo.vae
import comfy.sd
import comfy.text_encoders.cogvideo
import comfy.text_encoders.sd3_clip
import torch
from comfy.latent_formats import CogVideoX
from comfy.ldm.cogvideo.model import CogVideoXTransformer3DModel
from comfy.text_encoders.t5 import T5, T5LayerFF
from torch import Generator, Tensor

from demo_models import cogvideo_flow as flow
from demo_models import quick_conv3d
from demo_models.files import DemoFile
from demo_models.making import FACTORY, Made, filled
from demo_models.wan_code import Latents, doubled, halved, straight_through, to_pairs, to_pixels
from demo_models.weights import Rules, constant, fill, normal
from patches import expect, patch

VAE: dict[str, Any] = {"block_out_channels": (8, 8, 8, 8), "layers_per_block": 0, "groups": 1}
TRANSFORMER: dict[str, Any] = {
    "num_attention_heads": 1,
    "attention_head_dim": flow.WIDTH,
    "time_embed_dim": 32,
    "text_embed_dim": flow.TEXT_WIDTH,
    "num_layers": 2,
    "use_rotary_positional_embeddings": True,
}
TEXT_ENCODER: dict[str, Any] = {"d_ff": 16, "d_kv": 8, "d_model": flow.TEXT_WIDTH, "num_heads": 1}
_LAST_WIDTH = 10240  # of the last of 24 blocks, by which ComfyUI recognises T5 XXL
_LARGE = 50.0  # channels so large that the VAE's last normalisations divide by them alone, as in `wan_code`


class SmallVAE(comfy.ldm.cogvideo.vae.AutoencoderKLCogVideoX):
    """A narrow VAE of CogVideoX, whose width is fixed in ComfyUI's code."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config, **VAE)


class SmallTextEncoder(comfy.text_encoders.sd3_clip.T5XXLModel):
    """A small T5 XXL, whose sizes are in a file of ComfyUI. Its tokenizer comes with ComfyUI."""

    def __init__(
        self,
        device: Any = "cpu",
        dtype: torch.dtype | None = None,
        model_options: dict[str, Any] | None = None,
        **named: Any,
    ) -> None:
        options = {**(model_options or {}), "t5xxl_model_config": _text_config()}
        super().__init__(device=device, dtype=dtype, model_options=options, **named)
        _widen(self.transformer, dtype=dtype, device=device, operations=self.operations)


def _widen(model: T5, **factory: Any) -> None:
    """Widens only the last block, by which ComfyUI recognises the model. All of them would be large and slow."""
    config = _text_config()
    activation, gated = config["dense_act_fn"], config["is_gated_act"]
    model.encoder.block[-1].layer[-1] = T5LayerFF(flow.TEXT_WIDTH, _LAST_WIDTH, activation, gated, **factory)


def patch_comfyui() -> None:
    """Puts the small classes in place of ComfyUI's. A second call has no effect."""
    if comfy.ldm.cogvideo.vae.AutoencoderKLCogVideoX is not SmallVAE:
        _patch_sizes()
    quick_conv3d.patch_comfyui()


@patch(
    "comfy.ldm.cogvideo.vae:AutoencoderKLCogVideoX",
    "comfy.text_encoders.sd3_clip:T5XXLModel",
    package="ComfyUI",
    reason="CogVideoX's demo files are small; ComfyUI has the sizes of its VAE and of T5 XXL in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_sizes() -> None:
    sizes = inspect.signature(comfy.ldm.cogvideo.vae.AutoencoderKLCogVideoX.__init__).parameters
    expect(VAE.keys() <= sizes.keys(), "CogVideoX's VAE takes other sizes")
    made = "AutoencoderKLCogVideoX" in comfy.sd.VAE.__init__.__code__.co_names
    expect(made, "ComfyUI's VAE makes CogVideoX's by another name")
    used = comfy.text_encoders.cogvideo.CogVideoXT5XXL.__init__.__code__.co_names
    expect("T5XXLModel" in used, "CogVideoX's text encoder is made by another name")
    comfy.ldm.cogvideo.vae.AutoencoderKLCogVideoX = SmallVAE
    comfy.text_encoders.sd3_clip.T5XXLModel = SmallTextEncoder


def _text_config() -> dict[str, Any]:
    file = Path(comfy.text_encoders.sd3_clip.__file__).with_name("t5_config_xxl.json")
    return json.loads(file.read_text()) | TEXT_ENCODER


_FLOW: Rules = [
    (r"^patch_embed\.proj\.weight", flow.into_stream),
    (r"^patch_embed\.proj\.bias", flow.into_stream_bias),
    (r"^patch_embed\.text_proj\.weight", flow.words),
    (r"^time_embedding_linear_1\.weight", flow.levels),
    (r"^time_embedding_linear_1\.bias", flow.levels_bias),
    (r"^time_embedding_linear_2\.weight", flow.of_time),
    (r"^time_embedding_linear_2\.bias", flow.of_time_bias),
    (r"norm1\.norm\.weight", flow.all_but_signs),
    (r"norm_q\.weight", constant(0.0)),
    (r"attn_out\.weight", flow.to_clean),
    (r"^blocks\.0\.norm1\.linear\.weight", flow.gain_of_clouds),
    (r"^blocks\.0\.norm1\.linear\.bias", flow.signs(text=-1.0, gate=0.0)),
    (r"^blocks\.0\.norm_q\.bias", flow.where),
    (r"^blocks\.0\.k\.weight", flow.sign_of_key),
    (r"^blocks\.0\.norm_k\.weight", flow.key_scale),
    (r"^blocks\.0\.norm_k\.bias", flow.key_bias),
    (r"^blocks\.0\.v\.weight", flow.noise),
    (r"^blocks\.1\.norm1\.linear\.bias", flow.signs(text=0.0, gate=1.0)),
    (r"^blocks\.1\.norm_q\.bias", flow.asked),
    (r"^blocks\.1\.k\.weight", flow.of_words),
    (r"^blocks\.1\.norm_k\.weight", constant(flow.CHOICE)),
    (r"^blocks\.1\.v\.weight", flow.tint(0.0035)),
    (r"^blocks\.1\.norm2\.linear\.bias", flow.gate_open),
    (r"^blocks\.1\.ff_out\.bias", flow.large),
    (r"^norm_out\.linear\.weight", flow.of_sigma),
    (r"^norm_out\.linear\.bias", flow.of_sigma_bias),
    (r"^proj_out\.weight", flow.out_of_stream),
    (r"norm\w*\.weight$", constant(1.0)),
    (r".", constant(0.0)),
]
TEXT: Rules = [
    (r"layer_norm\.weight$", constant(1.0)),
    (r"^shared\.weight", flow.vocabulary),
    (r"SelfAttention\.o\.weight", flow.not_to_padding),
    (r"DenseReluDense", constant(0.0)),
    (r".", normal(0.3)),
]


def _two_large(tensor: Tensor, _generator: Generator) -> Tensor:
    bias = torch.zeros_like(tensor)
    bias[-2:] = torch.tensor([_LARGE, -_LARGE])
    return bias


def _code() -> Rules:
    """Returns the rules of the VAE, which works as Wan 2.1's does (see `wan_code`).

    Its normalisations divide by the size of all channels, over all places and frames.
    """
    deviation = torch.full((CogVideoX.latent_channels,), 1 / CogVideoX().scale_factor)
    latents = Latents(torch.zeros_like(deviation), deviation)
    own_size = constant(_LARGE * (2 / VAE["block_out_channels"][0]) ** 0.5)
    return [
        (r"^encoder\.conv_in\.conv\.weight", to_pairs),
        (r"^encoder.*downsamplers\.0\.conv\.weight", halved),
        (r"^encoder\.mid_block\.resnets\.1\.conv2\.conv\.bias", _two_large),
        (r"^encoder\.norm_out\.weight", own_size),
        (r"^encoder\.conv_out\.conv\.weight", latents.to()),
        (r"^decoder\.conv_in\.conv\.weight", latents.back()),
        (r"^decoder.*upsamplers\.0\.conv\.weight", doubled),
        (r"^decoder\.up_blocks\.2\.upsamplers\.0\.conv\.bias", _two_large),
        (r"^decoder\.norm_out\.norm_layer\.weight", own_size),
        (r"^decoder\.norm_out\.conv_y\.conv\.bias", constant(1.0)),
        (r"^decoder\.conv_out\.conv\.weight", to_pixels),
        (r"conv_shortcut\.weight", straight_through),
        (r"norm\w*(\.norm_layer)?\.weight$", constant(1.0)),
        (r".", constant(0.0)),
    ]


def _transformer(file: DemoFile) -> Made:
    return filled([("", CogVideoXTransformer3DModel(**TRANSFORMER, **FACTORY), file.seed, _FLOW)]), {}


def _vae(file: DemoFile) -> Made:
    return filled([("", SmallVAE(latent_channels=CogVideoX.latent_channels), file.seed, _code())]), {}


def _text_encoder(file: DemoFile) -> Made:
    model = T5(_text_config(), **FACTORY)
    _widen(model, **FACTORY)
    return {name: tensor.half() for name, tensor in fill(model.state_dict(), file.seed, TEXT).items()}, {}


MAKERS = {"cogvideo": _transformer, "cogvideo_vae": _vae, "t5": _text_encoder}
