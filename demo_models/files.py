"""The demo files. Their names and folders are those that the official templates use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoFile:
    """What a file contains. Files of one kind differ by `seed`.

    `part` says which model of a family it is, or which trained LoRA. `downscale` is the reference_downscale_factor of
    an IC-LoRA.
    """

    kind: str  # a key of the makers in `build`
    seed: int
    part: str = ""
    downscale: int | None = None


_CAMERA_MOVES = ("static", "dolly-in", "dolly-out", "dolly-left", "dolly-right", "jib-up", "jib-down")

_WAN = {
    f"diffusion_models/wan2.2_{part}_{noise}_noise_14B_fp8_scaled.safetensors": DemoFile("wan", seed, part)
    for part, noise, seed in (("t2v", "high", 30), ("t2v", "low", 31), ("i2v", "high", 32), ("i2v", "low", 33))
}
_WAN_LORAS = {
    f"loras/wan2.2_{part}_lightx2v_4steps_lora_{version}_{noise}_noise.safetensors": DemoFile("wan_lora", seed, part)
    for part, version, noise, seed in (
        ("t2v", "v1.1", "high", 40),
        ("t2v", "v1.1", "low", 41),
        ("i2v", "v1", "high", 42),
        ("i2v", "v1", "low", 43),
    )
}

FILES: dict[str, DemoFile] = {
    "checkpoints/ltx-2.3-22b-dev-fp8.safetensors": DemoFile("checkpoint", 1),
    "checkpoints/ltx-2.3-22b-distilled-fp8.safetensors": DemoFile("checkpoint", 2),
    "text_encoders/gemma_3_12B_it_fp4_mixed.safetensors": DemoFile("text_encoder", 3),
    "latent_upscale_models/ltx-2.3-spatial-upscaler-x2-1.1.safetensors": DemoFile("upsampler", 4),
    "geometry_estimation/moge_2_vitl_normal_fp16.safetensors": DemoFile("geometry", 5),
    "checkpoints/sdpose_wholebody_fp16.safetensors": DemoFile("pose", 6),
    "loras/ltx_2.3_22b_distilled_1.1_lora_dynamic_fro09_avg_rank_111_bf16.safetensors": DemoFile("lora", 10),
    "loras/ltx-2.3-22b-ic-lora-union-control-ref0.5.safetensors": DemoFile("lora", 11, "control", downscale=2),
    "loras/ltx-2.3-22b-ic-lora-ingredients-0.9.safetensors": DemoFile("lora", 12),
    "loras/ltx-2.3-id-lora-talkvid-3k.safetensors": DemoFile("lora", 13),
    "loras/ltx2.3-transition.safetensors": DemoFile("lora", 14),
    "loras/ltx-2-19b-ic-lora-detailer.safetensors": DemoFile("lora", 15),
    "loras/ltx-2-19b-ic-lora-pose-control.safetensors": DemoFile("lora", 16, "control"),
    **{
        f"loras/ltx-2-19b-lora-camera-control-{move}.safetensors": DemoFile("lora", 20 + number, move)
        for number, move in enumerate(_CAMERA_MOVES)
    },
    **_WAN,
    "diffusion_models/wan2.2_ti2v_5B_fp16.safetensors": DemoFile("wan", 34, "ti2v"),
    "vae/wan_2.1_vae.safetensors": DemoFile("wan_vae", 35, "2.1"),
    "vae/wan2.2_vae.safetensors": DemoFile("wan_vae", 36, "2.2"),
    "text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors": DemoFile("umt5", 37),
    **_WAN_LORAS,
    "diffusion_models/qwen_image_edit_2511_fp8mixed.safetensors": DemoFile("qwen", 50),
    "vae/qwen_image_vae.safetensors": DemoFile("qwen_vae", 51),
    "text_encoders/qwen_2.5_vl_7b_fp8_scaled.safetensors": DemoFile("qwen_text", 52),
    "loras/Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors": DemoFile("qwen_lora", 53),
    "upscale_models/RealESRGAN_x4plus.safetensors": DemoFile("enlarger", 50),
    "frame_interpolation/film_net_fp16.safetensors": DemoFile("interpolator", 51),
    "diffusion_models/z_image_turbo_bf16.safetensors": DemoFile("zimage", 50, "turbo"),
    "diffusion_models/z_image_bf16.safetensors": DemoFile("zimage", 51, "base"),
    "vae/ae.safetensors": DemoFile("flux_vae", 52),
    "text_encoders/qwen_3_4b.safetensors": DemoFile("qwen3", 53),
    "diffusion_models/cogvideox_5b.safetensors": DemoFile("cogvideo", 60),
    "vae/cogvideox_vae.safetensors": DemoFile("cogvideo_vae", 61),
    "text_encoders/t5xxl_fp16.safetensors": DemoFile("t5", 62),
}
