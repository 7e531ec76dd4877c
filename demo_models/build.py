"""Makes one demo file. ComfyUI's own classes give the names and shapes of tensors, and recipes give their values."""

import json
from pathlib import Path

import safetensors.torch
from comfy.ldm.lightricks.av_model import LTXAVModel
from comfy.ldm.lightricks.latent_upsampler import LatentUpsampler
from comfy.ldm.lightricks.vae.audio_vae import AudioVAE
from comfy.ldm.lightricks.vae.causal_video_autoencoder import VideoVAE
from comfy.ldm.moge.model import MoGeModelV2
from comfy.text_encoders import llama
from torch import Tensor

from demo_models import cogvideo, enhance, qwen, recipes, shapes, symbols, trained, wan, zimage
from demo_models.files import DemoFile
from demo_models.making import FACTORY, Made, Part, filled, lora
from demo_models.weights import fill

_SHARED_SEED = 0  # of the VAEs and the vocoder, which are the same in both checkpoints, as in the real ones


def save(file: DemoFile, path: Path) -> None:
    """Writes the file to `path`. `symbols.patch_comfyui` must have been called."""
    makers = {
        "checkpoint": _checkpoint,
        "text_encoder": _text_encoder,
        "upsampler": _upsampler,
        "lora": _lora,
        "geometry": _geometry,
        "pose": _pose,
        **wan.MAKERS,
        **qwen.MAKERS,
        **enhance.MAKERS,
        **zimage.MAKERS,
        **cogvideo.MAKERS,
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
        ("model.diffusion_model.", _transformer(), file.seed, recipes.CONNECTORS),
        ("vae.", VideoVAE(config=shapes.VIDEO_VAE), _SHARED_SEED, recipes.VIDEO_VAE),
        ("audio_vae.", audio.autoencoder, _SHARED_SEED, recipes.AUDIO_VAE),
        ("vocoder.", audio.vocoder, _SHARED_SEED, recipes.VOCODER),
    ]
    learned = {f"model.diffusion_model.{name}": tensor for name, tensor in trained.beginning("transformer.").items()}
    return filled(parts) | learned | _projection(), metadata


def _projection() -> dict[str, Tensor]:
    """Returns the projection from a word's 49 states, which are all equal; it was trained on one of them.

    The weights are (out, 49 x GEMMA_WIDTH), see DualLinearProjection.
    """
    tensors = {}
    for side, width in (("video", shapes.VIDEO_WIDTH), ("audio", shapes.AUDIO_WIDTH)):
        weight = trained.tensor(f"words.to_{side}.weight") / shapes.GEMMA_STATES / (width / shapes.GEMMA_WIDTH) ** 0.5
        name = f"text_embedding_projection.{side}_aggregate_embed"
        tensors[f"{name}.weight"] = weight.repeat_interleave(shapes.GEMMA_STATES, 1)
        tensors[f"{name}.bias"] = trained.tensor(f"words.to_{side}.bias")
    return tensors


def _text_encoder(file: DemoFile) -> Made:
    gemma = llama.Gemma3_12B({}, **FACTORY)
    tensors = fill(gemma.state_dict(), file.seed, recipes.GEMMA)
    tensors["model.embed_tokens.weight"] = trained.tensor("words.embedding")
    return {**tensors, "spiece_model": trained.tensor("words.model")}, {}


def _upsampler(file: DemoFile) -> Made:
    model = LatentUpsampler.from_config(shapes.UPSAMPLER, FACTORY["operations"])
    metadata = {"config": json.dumps(shapes.UPSAMPLER)}
    return fill(model.state_dict(), file.seed, recipes.UPSAMPLER), metadata


def _lora(file: DemoFile) -> Made:
    """Returns a trained LoRA, or random low-rank changes of the layers that `recipes.LORA_TARGET` names."""
    # There is at most one entry: safetensors writes several in any order, and a recipe has to give the same bytes.
    metadata = {"part": file.part} if file.part else {}
    if file.downscale is not None:
        metadata = {"reference_downscale_factor": str(file.downscale)}
    if learned := trained.beginning(f"lora-{file.part}."):
        return {f"diffusion_model.{name}": tensor for name, tensor in learned.items()}, metadata
    layers = {
        "diffusion_model." + name.removesuffix(".weight"): weight
        for name, weight in _transformer().state_dict().items()
        if name.endswith(".weight") and recipes.LORA_TARGET.search(name)
    }
    return lora(layers, file.seed, recipes.LORA), metadata


def _geometry(file: DemoFile) -> Made:
    return filled([("", MoGeModelV2(**shapes.GEOMETRY, **FACTORY), file.seed, recipes.GEOMETRY)]), {}


def _pose(file: DemoFile) -> Made:
    network = symbols.DemoPoseNetwork(**shapes.POSE_UNET, **FACTORY)
    vae = symbols.DemoPoseVAE(shapes.POSE_VAE_FIXED, embed_dim=4)
    parts: list[Part] = [
        ("model.diffusion_model.", network, file.seed, recipes.POSE),
        ("first_stage_model.", vae, file.seed, recipes.POSE),
    ]
    return filled(parts), {}


def _transformer() -> LTXAVModel:
    return LTXAVModel(**shapes.TRANSFORMER, **FACTORY)
