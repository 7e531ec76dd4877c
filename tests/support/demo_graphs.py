"""Graphs that the tests of the demo models run: control videos, enhancing, CogVideoX."""

from typing import Any

from backend.comfy.engine import Graph

WIDTH, HEIGHT, FRAMES, FPS = 192, 128, 9, 8


def sampling(phase: str, latent: str) -> tuple[str, dict[str, Any]]:
    return "SamplerCustomAdvanced", {
        "noise": [f"{phase}_noise", 0],
        "guider": [f"{phase}_guider", 0],
        "sampler": ["sampler", 0],
        "sigmas": [f"{phase}_sigmas", 0],
        "latent_image": [latent, 0],
    }


def control(name: str, clip: str, kind: str) -> Graph:
    """Depth or pose of each frame of a clip, as the templates take them."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "clip": ("LoadVideo", {"file": clip}),
        "parts": ("GetVideoComponents", {"video": ["clip", 0]}),
        "moge": ("LoadMoGeModel", {"model_name": "moge_2_vitl_normal_fp16.safetensors"}),
        "geometry": (
            "MoGeInference",
            {
                "moge_model": ["moge", 0],
                "image": ["parts", 0],
                "resolution_level": 9,
                "fov_x_degrees": 0,
                "batch_size": 4,
                "force_projection": True,
                "apply_mask": True,
            },
        ),
        "depth": ("MoGeRender", {"moge_geometry": ["geometry", 0], "output": "depth"}),
        "sdpose": ("CheckpointLoaderSimple", {"ckpt_name": "sdpose_wholebody_fp16.safetensors"}),
        "keypoints": (
            "SDPoseKeypointExtractor",
            {"model": ["sdpose", 0], "vae": ["sdpose", 2], "image": ["parts", 0], "batch_size": 16},
        ),
        "pose": (
            "SDPoseDrawKeypoints",
            {
                "keypoints": ["keypoints", 0],
                "draw_body": True,
                "draw_hands": True,
                "draw_face": True,
                "draw_feet": True,
                "stick_width": 4,
                "face_point_size": 2,
                "score_threshold": 0.5,
                "draw_head": True,
            },
        ),
        **_saved(name, kind),
    }
    return {node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()}


def enhanced(name: str, clip: str | None = None, picture: str | None = None) -> Graph:
    """A clip with a frame between each two, or a picture enlarged by 4."""
    nodes: dict[str, tuple[str, dict[str, Any]]]
    if clip is not None:
        nodes = {
            "clip": ("LoadVideo", {"file": clip}),
            "parts": ("GetVideoComponents", {"video": ["clip", 0]}),
            "film": ("FrameInterpolationModelLoader", {"model_name": "film_net_fp16.safetensors"}),
            "frames": ("FrameInterpolate", {"interp_model": ["film", 0], "images": ["parts", 0], "multiplier": 2}),
        }
    else:
        nodes = {
            "picture": ("LoadImage", {"image": picture}),
            "esrgan": ("UpscaleModelLoader", {"model_name": "RealESRGAN_x4plus.safetensors"}),
            "frames": ("ImageUpscaleWithModel", {"upscale_model": ["esrgan", 0], "image": ["picture", 0]}),
        }
    nodes |= _saved(name)
    return {node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()}


def cogvideo(name: str, prompt: str = "a red kite over the sea", seed: int = 1, own_sampler: bool = False) -> Graph:
    """CogVideoX with KSampler, or with the sampler that ComfyUI has for models of its family."""
    texts = {"positive": ["positive", 0], "negative": ["negative", 0]}
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "model": ("UNETLoader", {"unet_name": "cogvideox_5b.safetensors", "weight_dtype": "default"}),
        "clip": ("CLIPLoader", {"clip_name": "t5xxl_fp16.safetensors", "type": "cogvideox", "device": "default"}),
        "vae": ("VAELoader", {"vae_name": "cogvideox_vae.safetensors"}),
        "positive": ("CLIPTextEncode", {"clip": ["clip", 0], "text": prompt}),
        "negative": ("CLIPTextEncode", {"clip": ["clip", 0], "text": "ugly"}),
        "latent": (
            "EmptyHunyuanLatentVideo",
            {"width": WIDTH, "height": HEIGHT, "length": FRAMES, "batch_size": 1},
        ),
        "frames": ("VAEDecode", {"samples": ["base", 0], "vae": ["vae", 0]}),
        **_saved(name),
    }
    if own_sampler:
        nodes |= {
            "base_noise": ("RandomNoise", {"noise_seed": seed}),
            "sampler": ("VOIDSampler", {}),
            "base_sigmas": (
                "BasicScheduler",
                {"model": ["model", 0], "scheduler": "simple", "steps": 10, "denoise": 1.0},
            ),
            "base_guider": ("CFGGuider", {"model": ["model", 0], **texts, "cfg": 6.0}),
            "base": sampling("base", "latent"),
        }
    else:
        nodes["base"] = (
            "KSampler",
            {
                **texts,
                "model": ["model", 0],
                "latent_image": ["latent", 0],
                "seed": seed,
                "steps": 10,
                "cfg": 6.0,
                "sampler_name": "ddim",
                "scheduler": "sgm_uniform",
                "denoise": 1.0,
            },
        )
    return {node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()}


def _saved(name: str, frames: str = "frames") -> dict[str, tuple[str, dict[str, Any]]]:
    """The nodes that make a file of what the node `frames` gives."""
    return {
        "video": ("CreateVideo", {"images": [frames, 0], "fps": FPS, "bit_depth": 8}),
        "save": ("SaveVideo", {"video": ["video", 0], "filename_prefix": name, "format": "auto", "codec": "auto"}),
    }
