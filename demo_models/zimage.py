"""Demo files of Z-Image: two transformers, Flux's autoencoder and the text encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import comfy.ldm.lumina.model
import comfy.sd
import comfy.supported_models
import torch
from comfy.ldm.lumina.model import NextDiT
from comfy.ldm.models.autoencoder import AutoencodingEngine
from comfy.ldm.modules.attention import attention_pytorch
from comfy.ldm.modules.diffusionmodules.model import ResnetBlock
from comfy.text_encoders import llama
from torch import Tensor

from demo_models import zimage_code, zimage_flow, zimage_words
from demo_models.files import DemoFile
from demo_models.making import FACTORY, Made, filled
from demo_models.weights import Rules, constant, fill, normal
from patches import expect, patch

TRANSFORMER: dict[str, Any] = {
    "n_heads": zimage_flow.HEADS,
    "n_kv_heads": zimage_flow.HEADS,
    "n_refiner_layers": 1,
    "axes_dims": zimage_flow.AXES,
    "axes_lens": [1536, 512, 512],
    "rope_theta": zimage_flow.THETA,
    "multiple_of": 32,
    "ffn_dim_multiplier": 0.125,
    "z_image_modulation": True,
    "time_scale": 1000.0,
    "pad_tokens_multiple": 32,
}
FOUND: dict[str, Any] = {  # sizes that ComfyUI finds in the file itself
    "patch_size": 2,
    "in_channels": 16,
    "dim": zimage_flow.WIDTH,
    "cap_feat_dim": zimage_words.WIDTH,
    "n_layers": 1,
    "qk_norm": True,
}
VAE_NARROW: dict[str, Any] = {"ch": 32, "ch_mult": [1, 1, 1, 1], "num_res_blocks": 0}
VAE: dict[str, Any] = {
    "double_z": True,
    "z_channels": 16,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "attn_resolutions": [],
    "dropout": 0.0,
}
_PLAIN = "comfy.ldm.modules.diffusionmodules.model."
_detect_original: Callable[[dict[str, Tensor]], Any] = comfy.sd.detect_te_model


class DemoZImage(comfy.supported_models.ZImage):
    """The model that ComfyUI finds in a demo file of Z-Image, by a width that no other model has."""

    unet_config: ClassVar = {"image_model": "lumina2", "dim": zimage_flow.WIDTH}
    unet_extra_config: ClassVar = TRANSFORMER

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> Any:
        model = super().get_model(state_dict, prefix, device)
        for block in model.diffusion_model.noise_refiner:
            block.forward = _unchanged  # it adds nothing, and would take as long as the layer
        return model


def _unchanged(x: Tensor, *_more: Any, **_named: Any) -> Tensor:
    return x


class StillBlock(ResnetBlock):
    """A residual block that adds nothing and takes no time."""

    def forward(self, x: Tensor, *_more: Any, **_named: Any) -> Tensor:
        return x


class SmallAutoencoder(AutoencodingEngine):
    """A narrow autoencoder of Flux, whose width is fixed in ComfyUI's code."""

    def __init__(
        self, *, encoder_config: dict[str, Any], decoder_config: dict[str, Any], regularizer_config: dict[str, Any]
    ) -> None:
        configs = [{**config, "params": dict(config["params"])} for config in (encoder_config, decoder_config)]
        narrow = [config["target"] for config in configs] == [_PLAIN + "Encoder", _PLAIN + "Decoder"]
        if narrow:
            for config in configs:
                config["params"] |= VAE_NARROW
            configs[1]["params"]["resnet_op"] = StillBlock
        super().__init__(encoder_config=configs[0], decoder_config=configs[1], regularizer_config=regularizer_config)
        if narrow:
            for part in (self.encoder, self.decoder):
                part.norm_out.num_groups = 1  # 32 groups of one channel each would make all colours equal
                part.mid.attn_1.optimized_attention = lambda _query, _key, value: value  # its result has no effect
            for module in self.decoder.modules():
                if isinstance(module, torch.nn.Conv2d):
                    module.padding_mode = "replicate"  # or the border of a picture would be darker


@dataclass
class DemoQwenConfig(llama.Qwen3_4BConfig):
    """A small Qwen 3 4B with its whole vocabulary, and three layers: ComfyUI uses the last hidden state but one."""

    hidden_size: int = zimage_words.WIDTH
    intermediate_size: int = 8
    num_hidden_layers: int = 3
    num_attention_heads: int = 1
    num_key_value_heads: int = 1
    head_dim = 8


def _detect(state_dict: dict[str, Tensor]) -> Any:
    """Does what ComfyUI's detect_te_model does, which recognises Qwen 3 4B by its width alone."""
    norm = state_dict.get("model.layers.0.post_attention_layernorm.weight")
    if norm is not None and len(norm) == zimage_words.WIDTH:
        return comfy.sd.TEModel.QWEN3_4B
    return _detect_original(state_dict)


def patch_comfyui() -> None:
    """Puts the small classes in place of ComfyUI's. A second call has no effect."""
    if llama.Qwen3_4BConfig is not DemoQwenConfig:
        _patch_sizes()
        _patch_attention()


@patch(
    "comfy.text_encoders.llama:Qwen3_4BConfig",
    "comfy.sd:AutoencodingEngine",
    "comfy.sd:detect_te_model",
    "comfy.supported_models:models",
    package="ComfyUI",
    reason="Z-Image's demo files are small; ComfyUI has the sizes of Qwen 3 4B and of Flux's autoencoder in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_sizes() -> None:
    original = llama.Qwen3_4BConfig()
    expect((original.hidden_size, original.num_hidden_layers) == (2560, 36), "Qwen's config has changed")
    by_name = comfy.sd.VAE.__init__.__globals__["AutoencodingEngine"] is AutoencodingEngine
    expect(by_name, "ComfyUI's VAE does not take AutoencodingEngine from its module any more")
    by_name = comfy.sd.load_text_encoder_state_dicts.__globals__["detect_te_model"] is _detect_original
    expect(by_name, "ComfyUI detects text encoders by another function")
    llama.Qwen3_4BConfig = DemoQwenConfig
    comfy.sd.AutoencodingEngine = SmallAutoencoder
    comfy.sd.detect_te_model = _detect
    comfy.supported_models.models.insert(0, DemoZImage)  # before Lumina, which takes any width


@patch(
    "comfy.ldm.lumina.model:optimized_attention_masked",
    package="ComfyUI",
    reason="On a CPU, torch's attention is faster than ComfyUI's choice.",
    until="ComfyUI chooses torch's attention on a CPU.",
)
def _patch_attention() -> None:
    used = "optimized_attention_masked" in comfy.ldm.lumina.model.JointAttention.forward.__code__.co_names
    expect(used, "Z-Image's attention is called by another name")
    comfy.ldm.lumina.model.optimized_attention_masked = attention_pytorch


def _rules(tint: float) -> Rules:
    """Returns the rules of a transformer. `tint` is the share of a word's colour in the picture."""
    return [
        (r"^x_embedder\.weight", zimage_flow.into_stream),
        (r"^x_embedder\.bias", zimage_flow.into_stream_bias),
        (r"^cap_embedder\.0\.weight", constant(zimage_words.ALWAYS / zimage_words.WIDTH**0.5)),
        (r"^cap_embedder\.1\.weight", zimage_flow.words(tint)),
        (r"^cap_embedder\.1\.bias", zimage_flow.words_bias),
        (r"pad_token$", zimage_flow.padding),
        (r"^t_embedder\.mlp\.0\.weight", zimage_flow.levels),
        (r"^t_embedder\.mlp\.0\.bias", zimage_flow.levels_bias),
        (r"^t_embedder\.mlp\.2\.weight", zimage_flow.as_it_is),
        (r"^layers\.0\.adaLN_modulation\.0\.weight", zimage_flow.by_time),
        (r"^layers\.0\.adaLN_modulation\.0\.bias", zimage_flow.by_time_bias),
        (r"^layers\.0\.attention\.qkv\.weight", zimage_flow.queries_keys_values),
        (r"^layers\.0\.attention\.[qk]_norm\.weight", zimage_flow.lengths),
        (r"^layers\.0\.attention\.out\.weight", zimage_flow.looked_at),
        (r"^layers\.0\.attention_norm2\.weight", zimage_flow.looked_at_norm),
        (r"^final_layer\.linear\.weight", zimage_flow.out_of_stream),
        (r"^final_layer\.adaLN_modulation\.1\.weight", zimage_flow.by_time_last),
        (r"^final_layer\.adaLN_modulation\.1\.bias", zimage_flow.by_time_last_bias),
        (r"attention\.out\.weight|feed_forward\.w2\.weight|adaLN_modulation", constant(0.0)),
        (r"norm.*\.weight$", constant(1.0)),
        (r"bias$", constant(0.0)),
        (r".", normal(1.0)),
    ]


TINTS = {"turbo": 0.5, "base": 0.12}  # turbo is used without guidance, and base with a guidance of 4
TEXT: Rules = [
    (r"norm\.weight$", constant(1.0)),
    (r"embed_tokens\.weight", zimage_words.embeddings),
    (r"(o|down)_proj\.weight", constant(0.0)),
    (r".", normal(0.3)),
]


def _unet(file: DemoFile) -> Made:
    model = NextDiT(**TRANSFORMER, **FOUND, **FACTORY)
    return filled([("", model, file.seed, _rules(TINTS[file.part]))]), {}


def _vae(file: DemoFile) -> Made:
    parts = {f"{name}_config": {"target": _PLAIN + name.capitalize(), "params": VAE} for name in ("encoder", "decoder")}
    regularizer = {"target": "comfy.ldm.models.autoencoder.DiagonalGaussianRegularizer"}
    vae = SmallAutoencoder(**parts, regularizer_config=regularizer)
    return filled([("", vae, file.seed, zimage_code.RULES)]), {}


def _text_encoder(file: DemoFile) -> Made:
    model = llama.Qwen3_4B({}, **FACTORY)
    return {name: tensor.half() for name, tensor in fill(model.state_dict(), file.seed, TEXT).items()}, {}


MAKERS = {"zimage": _unet, "flux_vae": _vae, "qwen3": _text_encoder}
