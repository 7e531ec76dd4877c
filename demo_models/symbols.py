"""Small classes in place of classes of ComfyUI whose sizes cannot be in the demo models' files.

They are for Gemma and the LTX text projection, for Stable Diffusion 2, its VAE and the head of SDPose, and for MoGe. A
process with these patches loads the demo models only.
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
from patches import expect, patch


@dataclass
class DemoGemmaConfig(llama.Gemma3_12B_Config):
    """Gemma 3 12B with 48 small layers. ComfyUI recognises the model by layer 47."""

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
    """A narrow network that gives ComfyUI's keypoint node as many channels as the real one."""

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
    """Calls ComfyUI's output block patch with features (B, C, H, W) that have empty channels added."""

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
    """The model that ComfyUI finds in the demo file of SDPose, by a width that no other model has."""

    unet_config: ClassVar = {**comfy.supported_models.LotusD.unet_config, "model_channels": shapes.POSE_WIDTH}

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> DemoPoseModel:
        return DemoPoseModel(self, device=device)


class DemoPoseVAE(AutoencoderKL):
    """A narrow VAE of Stable Diffusion."""

    def __init__(self, ddconfig: dict[str, Any], embed_dim: int, **_decoder: Any) -> None:
        super().__init__(ddconfig={**ddconfig, **shapes.POSE_VAE}, embed_dim=embed_dim)


def patch_comfyui() -> None:
    """Puts the small classes in place of ComfyUI's. A second call has no effect."""
    if llama.Gemma3_12B_Config is not DemoGemmaConfig:
        _patch_text_encoder()
        _patch_moge()
        _patch_pose()


@patch(
    "comfy.text_encoders.llama:Gemma3_12B_Config",
    "comfy.text_encoders.lt:DualLinearProjection",
    package="ComfyUI",
    reason="LTX-2.3's demo text encoder is small; ComfyUI has Gemma's and the projection's sizes in its code.",
    until="ComfyUI reads these sizes from a file's metadata or shapes.",
)
def _patch_text_encoder() -> None:
    original = llama.Gemma3_12B_Config()
    expect((original.hidden_size, original.num_hidden_layers) == (3840, 48), "Gemma's config has changed")
    expect("vision_config" in vars(llama.Gemma3_12B_Config), "Gemma's vision config has moved")
    by_name = lt.LTXAVTEModel.__init__.__globals__["DualLinearProjection"] is lt.DualLinearProjection
    expect(by_name, "LTXAVTEModel does not take DualLinearProjection from its module any more")
    llama.Gemma3_12B_Config = DemoGemmaConfig
    lt.DualLinearProjection = DemoProjection


@patch(
    "comfy.ldm.moge.model:MoGeModelV2.num_tokens_range",
    package="ComfyUI",
    reason="MoGe's demo file takes fewer patches of a picture, so that it is quick on a CPU.",
    until="ComfyUI reads the number of patches from a file's metadata.",
)
def _patch_moge() -> None:
    expect(MoGeModelV2.num_tokens_range == (1200, 3600), "MoGe's numbers of patches have changed")
    MoGeModelV2.num_tokens_range = shapes.GEOMETRY_TOKENS


@patch(
    "comfy.supported_models:models",
    "comfy.sd:AutoencoderKL",
    package="ComfyUI",
    reason="SDPose's demo file is narrow; ComfyUI has the width of Stable Diffusion 2 and of its VAE in its code.",
    until="ComfyUI reads these widths from a file's shapes.",
)
def _patch_pose() -> None:
    known = comfy.supported_models
    expect(known.LotusD in known.models, "ComfyUI keeps the models that it knows in another list")
    expect(known.LotusD.unet_config["model_channels"] == 320, "Lotus has changed")
    by_name = comfy.sd.VAE.__init__.__globals__["AutoencoderKL"] is AutoencoderKL
    expect(by_name, "ComfyUI's VAE does not take AutoencoderKL from its module any more")
    known.models.append(DemoPose)
    comfy.sd.AutoencoderKL = DemoPoseVAE
