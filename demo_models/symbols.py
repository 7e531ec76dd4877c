"""Replaces symbols of ComfyUI with sizes written in the code, which the demo models cannot state in their files.

They can go when ComfyUI (0.30.0 here) reads these sizes from metadata or shapes: Gemma's config and the LTX text
projection; the width of Stable Diffusion 2, its VAE and the head of SDPose; MoGe's number of patches. Until then a
process with these replacements loads the demo models only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import comfy.model_base
import comfy.sd
import comfy.supported_models
import torch
from comfy.ldm.models.autoencoder import AutoencoderKL
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.ldm.modules.sdpose import HeatmapHead
from comfy.ldm.moge.model import MoGeModelV2
from comfy.text_encoders import llama, lt
from torch import Tensor

from demo_models import shapes


@dataclass
class DemoGemmaConfig(llama.Gemma3_12B_Config):
    """Gemma 3 12B with its 48 layers (ComfyUI knows the model by layer 47), each as small as can be."""

    vocab_size: int = shapes.VOCABULARY
    hidden_size: int = shapes.GEMMA_WIDTH
    intermediate_size: int = 2 * shapes.GEMMA_WIDTH
    num_attention_heads: int = 1
    num_key_value_heads: int = 1
    head_dim = shapes.GEMMA_WIDTH
    vision_config = shapes.GEMMA_VISION


class DemoProjection(lt.DualLinearProjection):
    """The projection of all 49 hidden states to video and audio context, in the demo models' sizes."""

    def __init__(self, in_dim: int, out_dim_video: int, out_dim_audio: int, **factory: object) -> None:
        super().__init__(shapes.GEMMA_STATES * shapes.GEMMA_WIDTH, shapes.VIDEO_WIDTH, shapes.AUDIO_WIDTH, **factory)


class DemoPoseNetwork(UNetModel):
    """A narrow network whose features ComfyUI's keypoint node sees with as many channels as the real one's have."""

    def __init__(self, **config: Any) -> None:
        assert config.pop("heatmap_head"), "a demo file without a head for heat maps"
        super().__init__(**config)
        factory = {"dtype": config.get("dtype", torch.float32), "device": config.get("device")}
        self.heatmap_head = HeatmapHead(**shapes.POSE_HEAD, **factory, operations=config["operations"])

    def _forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor,
        y: Tensor,
        control: None,
        transformer_options: dict[str, Any],
        **more: Any,
    ) -> Tensor:
        patches = transformer_options.get("patches", {})
        widened = [_with_all_channels(patch) for patch in patches.get("output_block_patch", [])]
        options = {**transformer_options, "patches": {**patches, "output_block_patch": widened}}
        return super()._forward(x, timesteps, context, y, control, options, **more)


def _with_all_channels(patch: Callable[..., Any]) -> Callable[..., Any]:
    """The patch, shown the features [batch, channels, height, width] with empty channels added."""

    def shown(features: Tensor, skipped: Tensor, options: dict[str, Any]) -> tuple[Tensor, Tensor]:
        added = shapes.POSE_FEATURES - features.shape[1]
        patch(torch.nn.functional.pad(features, (0, 0, 0, 0, 0, added)), skipped, options)
        return features, skipped

    return shown


class DemoPoseModel(comfy.model_base.Lotus):
    """Lotus around the narrow network."""

    def __init__(self, config: Any, device: Any = None) -> None:
        kind = comfy.model_base.ModelType.IMG_TO_IMG
        comfy.model_base.BaseModel.__init__(self, config, kind, device=device, unet_model=DemoPoseNetwork)


class DemoPose(comfy.supported_models.LotusD):
    """What the demo file of SDPose is recognised as, by a width that no other model has."""

    unet_config: ClassVar = {**comfy.supported_models.LotusD.unet_config, "model_channels": shapes.POSE_WIDTH}

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> DemoPoseModel:
        return DemoPoseModel(self, device=device)


class DemoPoseVAE(AutoencoderKL):
    """The VAE of Stable Diffusion, narrow."""

    def __init__(self, ddconfig: dict[str, Any], embed_dim: int, **_decoder: Any) -> None:
        super().__init__(ddconfig={**ddconfig, **shapes.POSE_VAE}, embed_dim=embed_dim)


def replace() -> None:
    """Puts the small classes in place of ComfyUI's; a second call changes nothing."""
    if llama.Gemma3_12B_Config is DemoGemmaConfig:
        return
    original = llama.Gemma3_12B_Config()
    assert (original.hidden_size, original.num_hidden_layers) == (3840, 48), "Gemma's config has changed"
    assert "vision_config" in vars(llama.Gemma3_12B_Config), "Gemma's vision config has moved"
    assert lt.LTXAVTEModel.__init__.__globals__["DualLinearProjection"] is lt.DualLinearProjection
    llama.Gemma3_12B_Config = DemoGemmaConfig
    lt.DualLinearProjection = DemoProjection

    assert MoGeModelV2.num_tokens_range == (1200, 3600), "MoGe's numbers of patches have changed"
    MoGeModelV2.num_tokens_range = shapes.GEOMETRY_TOKENS

    assert comfy.supported_models.LotusD in comfy.supported_models.models, "ComfyUI knows its models by another list"
    assert comfy.supported_models.LotusD.unet_config["model_channels"] == 320, "Lotus has changed"
    assert comfy.sd.VAE.__init__.__globals__["AutoencoderKL"] is AutoencoderKL
    comfy.supported_models.models.append(DemoPose)
    comfy.sd.AutoencoderKL = DemoPoseVAE
