"""Demo files of Qwen Image Edit 2511: transformer, VAE, text encoder, vision tower, and the LoRA for four steps."""

from typing import Any

import comfy.ldm.qwen_image.model
import comfy.ldm.wan.vae
import comfy.supported_models
import comfy.text_encoders.qwen_image
from comfy.latent_formats import Wan21
from comfy.ldm.modules.attention import attention_pytorch
from comfy.ldm.qwen_image.model import QwenImageTransformer2DModel
from comfy.text_encoders import llama, qwen_vl
from torch import Generator, Tensor

from demo_models import qwen_flow, wan_code
from demo_models.files import DemoFile
from demo_models.flow import levels, levels_bias
from demo_models.making import FACTORY, Made, filled, lora
from demo_models.weights import Rules, constant, fill, normal, spread
from patches import expect, patch

VAE_WIDTH = 8
# Sizes that ComfyUI does not read from a transformer's file.
TRANSFORMER: dict[str, Any] = {
    "num_attention_heads": 1,
    "attention_head_dim": qwen_flow.WIDTH,
    "axes_dims_rope": qwen_flow.ROTARY,
    "joint_attention_dim": qwen_flow.TEXT_WIDTH,
}
# ComfyUI recognises Qwen 2.5 VL 7B by four heads of 128 channels for keys. Words have the numbers of the real model.
TEXT_ENCODER: dict[str, Any] = {
    "hidden_size": qwen_flow.TEXT_WIDTH,
    "intermediate_size": 2 * qwen_flow.TEXT_WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
# Words around every prompt: "Picture", a space, a colon, the end of a line, "assistant", and the begin and end of a
# message and of a picture.
FRAME = [24669, 220, 25, 198, 77091, 151644, 151645, 151652, 151653]
VISION_TOWER: dict[str, Any] = {
    "hidden_size": 16,
    "output_hidden_size": qwen_flow.TEXT_WIDTH,
    "intermediate_size": 32,
    "num_heads": 1,
    "num_layers": 1,
}
_MARK_SIZE = 8.0


class SmallTextEncoder(comfy.text_encoders.qwen_image.Qwen25_7BVLIModel):
    """A small Qwen 2.5 VL, whose sizes are fixed in ComfyUI's code."""

    def __init__(self, *positional: Any, model_options: dict[str, Any] | None = None, **named: Any) -> None:
        options = {**(model_options or {}), "qwen25_7b_model_config": TEXT_ENCODER}
        super().__init__(*positional, model_options=options, **named)


class SmallVisionTower(qwen_vl.Qwen2VLVisionTransformer):
    """A small vision tower of Qwen 2.5 VL."""

    def __init__(self, hidden_size: int = 0, output_hidden_size: int = 0, **factory: Any) -> None:
        super().__init__(**VISION_TOWER, **factory)


def patch_comfyui() -> None:
    """Puts the small classes and sizes in place of ComfyUI's. A second call has no effect."""
    if qwen_vl.Qwen2VLVisionTransformer is not SmallVisionTower:
        _patch_sizes()
        _patch_attention()


@patch(
    "comfy.supported_models:QwenImage.unet_extra_config",
    "comfy.text_encoders.qwen_vl:Qwen2VLVisionTransformer",
    "comfy.text_encoders.qwen_image:Qwen25_7BVLIModel",
    package="ComfyUI",
    reason="Qwen Image's demo files are small; ComfyUI has the sizes of its text encoder and vision tower in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_sizes() -> None:
    original = comfy.supported_models.QwenImage
    expect(original.unet_extra_config == {}, "ComfyUI has sizes of Qwen Image that it did not have")
    expect(llama.qwen_vl is qwen_vl, "comfy.text_encoders.llama uses another module for Qwen's vision tower")
    text_encoder = comfy.text_encoders.qwen_image.QwenImageTEModel
    by_name = text_encoder.__init__.__globals__["Qwen25_7BVLIModel"] is SmallTextEncoder.__base__
    expect(by_name, "QwenImageTEModel does not take Qwen25_7BVLIModel from its module any more")
    original.unet_extra_config = TRANSFORMER
    qwen_vl.Qwen2VLVisionTransformer = SmallVisionTower
    comfy.text_encoders.qwen_image.Qwen25_7BVLIModel = SmallTextEncoder


@patch(
    "comfy.ldm.qwen_image.model:optimized_attention_masked",
    package="ComfyUI",
    reason="On a CPU, torch's attention is four times faster than ComfyUI's choice for the 4096 tokens of a megapixel.",
    until="ComfyUI chooses torch's attention on a CPU.",
)
def _patch_attention() -> None:
    used = "optimized_attention_masked" in comfy.ldm.qwen_image.model.Attention.forward.__globals__
    expect(used, "Qwen Image's attention is called by another name")
    comfy.ldm.qwen_image.model.optimized_attention_masked = attention_pytorch


def _words(tensor: Tensor, generator: Generator) -> Tensor:
    """embed_tokens.weight, (vocabulary, TEXT_WIDTH): random values, and a mark for those in FRAME."""
    table = spread(1.0)(tensor, generator)
    table[:, qwen_flow.MARK] = 0
    table[FRAME, qwen_flow.MARK] = _MARK_SIZE
    return table


def _unmarked(tensor: Tensor, generator: Generator) -> Tensor:
    """Weight (out, in) of a layer into the text encoder's stream, or out of it, that does not use the mark."""
    weight = normal(1.0)(tensor, generator)
    into = len(weight) == qwen_flow.TEXT_WIDTH
    (weight if into else weight.T)[qwen_flow.MARK] = 0
    return weight


UNET: Rules = [
    (r"^img_in\.weight", qwen_flow.into_stream),
    (r"^img_in\.bias", qwen_flow.into_stream_bias),
    (r"^txt_in\.weight", qwen_flow.into_text),
    (r"timestep_embedder\.linear_1\.weight", levels),
    (r"timestep_embedder\.linear_1\.bias", levels_bias),
    (r"timestep_embedder\.linear_2\.weight", qwen_flow.of_timestep),
    (r"timestep_embedder\.linear_2\.bias", qwen_flow.of_timestep_bias),
    (r"img_mod\.1\.weight", qwen_flow.from_timestep),
    (r"img_mod\.1\.bias", qwen_flow.from_timestep_bias),
    (r"to_q\.bias", qwen_flow.query),
    (r"norm_q\.weight", qwen_flow.query_size),
    (r"to_k\.weight", qwen_flow.key_of_noise),
    (r"to_k\.bias", qwen_flow.key),
    (r"norm_k\.weight", qwen_flow.key_size),
    (r"to_v\.weight", qwen_flow.seen),
    (r"add_k_proj\.weight", qwen_flow.key_of_words),
    (r"add_k_proj\.bias", qwen_flow.key_of_words_bias),
    (r"norm_added_k\.weight", qwen_flow.key_of_words_size),
    (r"add_v_proj\.weight", qwen_flow.colours_of_words),
    (r"to_out\.0\.weight", qwen_flow.taken_away),
    (r"^norm_out\.linear\.weight", qwen_flow.way),
    (r"^norm_out\.linear\.bias", qwen_flow.way_bias),
    (r"^proj_out\.weight", qwen_flow.out_of_stream),
    (r"norm(_added_q)?\.weight$", constant(1.0)),
    (r".", constant(0.0)),  # the tensor by which ComfyUI recognises 2511 is empty
]
TEXT: Rules = [
    (r"embed_tokens", _words),
    (r"^visual\.merger\.mlp\.2\.weight", _unmarked),
    (r"^visual\.merger\.mlp\.2\.bias", wan_code.at(qwen_flow.MARK, _MARK_SIZE)),
    (r"^model.*[ov]_proj\.weight", _unmarked),
    (r"^model.*down_proj", constant(0.0)),
    (r"(norm|norm1|norm2|ln_q)\.weight$", constant(1.0)),
    (r"bias$", constant(0.0)),
    (r".", normal(1.0)),
]
LORA: Rules = [
    (r"lora_A", qwen_flow.means_of_colours),
    (r"lora_B", qwen_flow.mixed_colours),
]


def _transformer() -> QwenImageTransformer2DModel:
    return QwenImageTransformer2DModel(num_layers=1, default_ref_method="index_timestep_zero", **TRANSFORMER, **FACTORY)


def _unet(file: DemoFile) -> Made:
    return filled([("", _transformer(), file.seed, UNET)]), {}


def _vae(file: DemoFile) -> Made:
    vae = comfy.ldm.wan.vae.WanVAE(dim=VAE_WIDTH, z_dim=16, temperal_downsample=[False, True, True])
    # The tensors are those of Wan 2.1's file; the metadata makes the digests of the two files differ.
    return filled([("", vae, file.seed, wan_code.two_one(Wan21()))]), {"made_for": "qwen_image"}


def _text_encoder(file: DemoFile) -> Made:
    model = llama.Qwen25_7BVLI(TEXT_ENCODER, **FACTORY)
    return {name: tensor.half() for name, tensor in fill(model.state_dict(), file.seed, TEXT).items()}, {}


def _lora(file: DemoFile) -> Made:
    layer = "transformer_blocks.0.attn.to_out.0"
    weight = _transformer().get_parameter(f"{layer}.weight")
    return lora({f"diffusion_model.{layer}": weight}, file.seed, LORA), {}


MAKERS = {"qwen": _unet, "qwen_vae": _vae, "qwen_text": _text_encoder, "qwen_lora": _lora}
