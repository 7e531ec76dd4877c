"""Which demo files there are. Names and folders are those that the official LTX-2.3 templates use."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DemoFile:
    """What a file holds. Files of one kind differ by `seed`; `downscale` is an IC-LoRA's reference_downscale_factor."""

    kind: Literal["checkpoint", "text_encoder", "upsampler", "lora", "geometry", "pose"]
    seed: int
    downscale: int | None = None


_CAMERA_MOVES = ("static", "dolly-in", "dolly-out", "dolly-left", "dolly-right", "jib-up", "jib-down")

FILES: dict[str, DemoFile] = {
    "checkpoints/ltx-2.3-22b-dev-fp8.safetensors": DemoFile("checkpoint", 1),
    "checkpoints/ltx-2.3-22b-distilled-fp8.safetensors": DemoFile("checkpoint", 2),
    "text_encoders/gemma_3_12B_it_fp4_mixed.safetensors": DemoFile("text_encoder", 3),
    "latent_upscale_models/ltx-2.3-spatial-upscaler-x2-1.1.safetensors": DemoFile("upsampler", 4),
    "geometry_estimation/moge_2_vitl_normal_fp16.safetensors": DemoFile("geometry", 5),
    "checkpoints/sdpose_wholebody_fp16.safetensors": DemoFile("pose", 6),
    "loras/ltx_2.3_22b_distilled_1.1_lora_dynamic_fro09_avg_rank_111_bf16.safetensors": DemoFile("lora", 10),
    "loras/ltx-2.3-22b-ic-lora-union-control-ref0.5.safetensors": DemoFile("lora", 11, downscale=2),
    "loras/ltx-2.3-22b-ic-lora-ingredients-0.9.safetensors": DemoFile("lora", 12),
    "loras/ltx-2.3-id-lora-talkvid-3k.safetensors": DemoFile("lora", 13),
    "loras/ltx2.3-transition.safetensors": DemoFile("lora", 14),
    "loras/ltx-2-19b-ic-lora-detailer.safetensors": DemoFile("lora", 15),
    "loras/ltx-2-19b-ic-lora-pose-control.safetensors": DemoFile("lora", 16),
    **{
        f"loras/ltx-2-19b-lora-camera-control-{move}.safetensors": DemoFile("lora", 20 + number)
        for number, move in enumerate(_CAMERA_MOVES)
    },
}
