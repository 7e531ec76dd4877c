"""Makes one demo file: ComfyUI's own classes give the tensors' names and shapes, recipes give their values."""

import json
from pathlib import Path
from typing import Any

import comfy.ops
import safetensors.torch
import torch
from comfy.ldm.lightricks.av_model import LTXAVModel
from comfy.ldm.lightricks.latent_upsampler import LatentUpsampler
from comfy.ldm.lightricks.vae.audio_vae import AudioVAE
from comfy.ldm.lightricks.vae.causal_video_autoencoder import VideoVAE
from comfy.ldm.moge.model import MoGeModelV2
from comfy.text_encoders import llama, lt
from torch import Tensor

from demo_models import recipes, shapes, symbols, tokenizer
from demo_models.files import DemoFile
from demo_models.weights import Rules, fill

_FACTORY: dict[str, Any] = {
    "dtype": torch.float32,
    "device": "cpu",
    "operations": comfy.ops.disable_weight_init,
}
_SHARED_SEED = 0  # what both checkpoints have in common, as the real ones do: VAEs, vocoder, text projection
_LORA_RANK = 4

Made = tuple[dict[str, Tensor], dict[str, str]]  # tensors and metadata of a file
Part = tuple[str, torch.nn.Module, int, Rules]  # prefix of its names, module, seed, recipe


def save(file: DemoFile, path: Path) -> None:
    """Writes the file; symbols.replace must have been called."""
    makers = {
        "checkpoint": _checkpoint,
        "text_encoder": _text_encoder,
        "upsampler": _upsampler,
        "lora": _lora,
        "geometry": _geometry,
        "pose": _pose,
    }
    tensors, metadata = makers[file.kind](file)
    safetensors.torch.save_file(tensors, path, metadata)


def _checkpoint(file: DemoFile) -> Made:
    config = {
        "transformer": shapes.TRANSFORMER,
        "vae": shapes.VIDEO_VAE,
        "audio_vae": shapes.AUDIO_VAE,
        "vocoder": shapes.VOCODER,
    }
    metadata = {"config": json.dumps(config)}
    audio = AudioVAE(metadata)
    parts: list[Part] = [
        ("model.diffusion_model.", _transformer(), file.seed, recipes.TRANSFORMER),
        ("vae.", VideoVAE(config=shapes.VIDEO_VAE), _SHARED_SEED, recipes.VIDEO_VAE),
        ("audio_vae.", audio.autoencoder, _SHARED_SEED, recipes.AUDIO_VAE),
        ("vocoder.", audio.vocoder, _SHARED_SEED, recipes.VOCODER),
        # The demo class in its place (see symbols) knows its sizes itself.
        ("text_embedding_projection.", lt.DualLinearProjection(0, 0, 0, **_FACTORY), _SHARED_SEED, recipes.PROJECTION),
    ]
    return _filled(parts), metadata


def _text_encoder(file: DemoFile) -> Made:
    gemma = llama.Gemma3_12B({}, **_FACTORY)
    tensors = fill(gemma.state_dict(), file.seed, recipes.GEMMA)
    return {**tensors, "spiece_model": tokenizer.make()}, {}


def _upsampler(file: DemoFile) -> Made:
    model = LatentUpsampler.from_config(shapes.UPSAMPLER, _FACTORY["operations"])
    metadata = {"config": json.dumps(shapes.UPSAMPLER)}
    return fill(model.state_dict(), file.seed, recipes.UPSAMPLER), metadata


def _lora(file: DemoFile) -> Made:
    """Low-rank changes of every attention and feed-forward layer of the video's side."""
    shapes_of = {}
    for name, tensor in _transformer().state_dict().items():
        if name.endswith(".weight") and recipes.LORA_TARGET.search(name):
            layer = "diffusion_model." + name.removesuffix(".weight")
            shapes_of[f"{layer}.lora_A.weight"] = torch.empty(_LORA_RANK, tensor.shape[1])
            shapes_of[f"{layer}.lora_B.weight"] = torch.empty(tensor.shape[0], _LORA_RANK)
    metadata = {} if file.downscale is None else {"reference_downscale_factor": str(file.downscale)}
    return fill(shapes_of, file.seed, recipes.LORA), metadata


def _geometry(file: DemoFile) -> Made:
    return _filled([("", MoGeModelV2(**shapes.GEOMETRY, **_FACTORY), file.seed, recipes.GEOMETRY)]), {}


def _pose(file: DemoFile) -> Made:
    network = symbols.DemoPoseNetwork(**shapes.POSE_UNET, **_FACTORY)
    vae = symbols.DemoPoseVAE(shapes.POSE_VAE_FIXED, embed_dim=4)
    parts: list[Part] = [
        ("model.diffusion_model.", network, file.seed, recipes.POSE),
        ("first_stage_model.", vae, file.seed, recipes.POSE),
    ]
    return _filled(parts), {}


def _filled(parts: list[Part]) -> dict[str, Tensor]:
    tensors = {}
    for prefix, module, seed, rules in parts:
        for name, tensor in fill(module.state_dict(), seed, rules).items():
            tensors[prefix + name] = tensor
    return tensors


def _transformer() -> LTXAVModel:
    return LTXAVModel(**shapes.TRANSFORMER, **_FACTORY)
