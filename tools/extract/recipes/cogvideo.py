"""CogVideoX, text to video, of core nodes: no official template has it.

Its noise ends without any signal. KSampler scales that noise up as no CogVideoX was trained with; the sampler that
ComfyUI brings for VOID, a CogVideoX, does not (comfy_extras/nodes_void.py).
"""

from tools.extract.recipes.recipe import Recipe

TEXT_TO_VIDEO = Recipe(
    template="",
    added={
        "model": ("UNETLoader", {"unet_name": "cogvideox_5b.safetensors", "weight_dtype": "default"}),
        "text_encoder": (
            "CLIPLoader",
            {"clip_name": "t5xxl_fp16.safetensors", "type": "cogvideox", "device": "default"},
        ),
        "video_vae": ("VAELoader", {"vae_name": "cogvideox_vae.safetensors"}),
        "positive_prompt": ("CLIPTextEncode", {"text": "", "clip": ["text_encoder", 0]}),
        "negative_prompt": ("CLIPTextEncode", {"text": "", "clip": ["text_encoder", 0]}),
        "video_latent": ("EmptyHunyuanLatentVideo", {"width": 720, "height": 480, "length": 49, "batch_size": 1}),
        "noise": ("RandomNoise", {"noise_seed": 0}),
        "sampler": ("VOIDSampler", {}),
        "schedule": ("BasicScheduler", {"model": ["model", 0], "scheduler": "simple", "steps": 50, "denoise": 1.0}),
        "guider": (
            "CFGGuider",
            {"model": ["model", 0], "positive": ["positive_prompt", 0], "negative": ["negative_prompt", 0], "cfg": 6.0},
        ),
        "pass": (
            "SamplerCustomAdvanced",
            {
                "noise": ["noise", 0],
                "guider": ["guider", 0],
                "sampler": ["sampler", 0],
                "sigmas": ["schedule", 0],
                "latent_image": ["video_latent", 0],
            },
        ),
        "decode_video": ("VAEDecode", {"samples": ["pass", 0], "vae": ["video_vae", 0]}),
        "create_video": ("CreateVideo", {"images": ["decode_video", 0], "fps": 8.0, "bit_depth": 8}),
        "save_video": (
            "SaveVideo",
            {"video": ["create_video", 0], "filename_prefix": "", "format": "auto", "codec": "auto"},
        ),
    },
    names={},
)

COGVIDEO = {"cogvideo": TEXT_TO_VIDEO}
