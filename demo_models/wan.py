"""Demo files of Wan 2.2: experts, the 5B model, both VAEs, the text encoder and LoRAs."""

import inspect
import json
from pathlib import Path
from typing import Any

import comfy.ldm.wan.vae
import comfy.ldm.wan.vae2_2
import comfy.sd
import comfy.text_encoders.t5
import comfy.text_encoders.wan
import torch
from comfy.latent_formats import Wan21, Wan22
from comfy.ldm.wan.model import WanModel

from demo_models import quick_blocks, quick_conv3d, tokenizer, wan_code, wan_flow
from demo_models.files import DemoFile
from demo_models.flow import levels, levels_bias, of_timestep, of_timestep_bias
from demo_models.making import FACTORY, Made, filled, lora
from demo_models.weights import Rules, constant, fill, normal, spread
from patches import expect, patch

TEXT_WIDTH = 16
VAE_WIDTH = 8
TRANSFORMER: dict[str, Any] = {
    "dim": wan_flow.WIDTH,
    "ffn_dim": 32,
    "num_heads": 1,
    "num_layers": 1,
    "text_dim": TEXT_WIDTH,
}
# ComfyUI recognises T5 XXL by 24 blocks with this d_ff.
TEXT_ENCODER: dict[str, Any] = {
    "d_ff": 10240,
    "d_kv": 8,
    "d_model": TEXT_WIDTH,
    "num_heads": 2,
    "vocab_size": 512,
}
CHANNELS = {"t2v": (16, 16), "i2v": (36, 16), "ti2v": (48, 48)}  # channels of the transformer's input and of its output


class SmallVAE(comfy.ldm.wan.vae2_2.WanVAE):
    """A narrow VAE of Wan 2.2, whose width is fixed in ComfyUI's code."""

    def __init__(self, dim: int = 160, dec_dim: int = 256, **config: Any) -> None:
        super().__init__(dim=VAE_WIDTH, dec_dim=VAE_WIDTH, **config)


class SmallTextEncoder(comfy.text_encoders.wan.UMT5XXlModel):
    """A small UMT5, whose sizes are in a file of ComfyUI."""

    def __init__(self, *positional: Any, model_options: dict[str, Any] | None = None, **named: Any) -> None:
        options = {**(model_options or {}), "umt5xxl_model_config": _text_config()}
        super().__init__(*positional, model_options=options, **named)


def patch_comfyui() -> None:
    """Puts the small classes in place of ComfyUI's. A second call has no effect."""
    if comfy.ldm.wan.vae2_2.WanVAE is not SmallVAE:
        _patch_sizes()
        quick_conv3d.patch_comfyui()
        quick_blocks.patch_comfyui()


@patch(
    "comfy.ldm.wan.vae2_2:WanVAE",
    "comfy.text_encoders.wan:UMT5XXlModel",
    package="ComfyUI",
    reason="Wan 2.2's demo files are small; ComfyUI has the sizes of its VAE and of UMT5 in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_sizes() -> None:
    sizes = inspect.signature(comfy.ldm.wan.vae2_2.WanVAE.__init__).parameters
    found = [sizes[name].default for name in ("dim", "dec_dim") if name in sizes]
    expect(found == [160, 256], "The widths of Wan 2.2's VAE have changed")
    expect("WanVAE" in comfy.sd.VAE.__init__.__code__.co_names, "ComfyUI's VAE makes Wan's by another name")
    by_name = comfy.text_encoders.wan.WanT5Model.__init__.__globals__["UMT5XXlModel"] is SmallTextEncoder.__base__
    expect(by_name, "WanT5Model does not take UMT5XXlModel from its module any more")
    comfy.ldm.wan.vae2_2.WanVAE = SmallVAE
    comfy.text_encoders.wan.UMT5XXlModel = SmallTextEncoder


def _text_config() -> dict[str, Any]:
    file = Path(comfy.text_encoders.wan.__file__).with_name("umt5_config_xxl.json")
    return json.loads(file.read_text()) | TEXT_ENCODER


def _rules(part: str) -> Rules:
    """Returns the rules of a transformer. That of image to video gets the given frames."""
    image = part == "i2v"
    return [
        (r"^patch_embedding\.weight", wan_flow.into_stream),
        (r"^patch_embedding\.bias", wan_flow.into_stream_bias(image)),
        (r"^time_embedding\.0\.weight", levels),
        (r"^time_embedding\.0\.bias", levels_bias),
        (r"^time_embedding\.2\.weight", of_timestep),
        (r"^time_embedding\.2\.bias", of_timestep_bias),
        (r"^time_projection\.1\.weight", wan_flow.from_timestep(image)),
        (r"^blocks\.0\.modulation", wan_flow.gate_open),
        (r"modulation$", constant(0.0)),
        (r"self_attn\.[qk]\.bias", wan_flow.where),
        (r"self_attn\.q\.weight", constant(0.0)),
        (r"self_attn\.k\.weight", wan_flow.aside),
        (r"self_attn\.norm_k\.weight", constant(25.0)),
        (r"self_attn\.v\.weight", wan_flow.seen(part)),
        (r"self_attn\.o\.weight", wan_flow.taken_away),
        (r"cross_attn\.q\.weight", constant(0.0)),
        (r"cross_attn\.q\.bias", spread(1.0)),
        (r"cross_attn\.norm_k\.weight", constant(2.0)),
        (r"cross_attn\.v\.weight", normal(4.0)),
        (r"cross_attn\.o\.weight", wan_flow.tinted(0.4)),
        (r"ffn\.2\.weight", constant(0.0)),
        (r"^head\.head\.weight", wan_flow.out_of_stream),
        (r"norm_?[qk\d]*\.weight$", constant(1.0)),
        (r"bias$", constant(0.0)),
        (r".", normal(1.0)),
    ]


TEXT: Rules = [
    (r"layer_norm\.weight$", constant(1.0)),
    (r"^shared\.weight", spread(1.0)),
    (r"DenseReluDense\.wo", constant(0.0)),
    (r".", normal(0.3)),
]
LORA: Rules = [
    (r"lora_A", wan_flow.colours_of_places),
    (r"lora_B", wan_flow.mixed_colours),
]


def _transformer(file: DemoFile) -> WanModel:
    into, out = CHANNELS[file.part]
    return WanModel(model_type="t2v", in_dim=into, out_dim=out, **TRANSFORMER, **FACTORY)


def _unet(file: DemoFile) -> Made:
    metadata = {"config": json.dumps({"transformer": {"text_dim": TEXT_WIDTH}})}
    return filled([("", _transformer(file), file.seed, _rules(file.part))]), metadata


def _vae(file: DemoFile) -> Made:
    if file.part == "2.2":
        vae: torch.nn.Module = SmallVAE(z_dim=48, temperal_downsample=[False, True, True])
        rules = wan_code.two_two(Wan22())
    else:
        vae = comfy.ldm.wan.vae.WanVAE(dim=VAE_WIDTH, z_dim=16, temperal_downsample=[False, True, True])
        rules = wan_code.two_one(Wan21())
    return filled([("", vae, file.seed, rules)]), {}


def _text_encoder(file: DemoFile) -> Made:
    model = comfy.text_encoders.t5.T5(_text_config(), **FACTORY)
    halved = {name: tensor.half() for name, tensor in fill(model.state_dict(), file.seed, TEXT).items()}
    return halved | {"spiece_model": tokenizer.make()}, {}


def _lora(file: DemoFile) -> Made:
    layer = "blocks.0.self_attn.o"
    weight = _transformer(file).get_parameter(f"{layer}.weight")
    return lora({f"diffusion_model.{layer}": weight}, file.seed, LORA), {}


MAKERS = {"wan": _unet, "wan_vae": _vae, "umt5": _text_encoder, "wan_lora": _lora}
