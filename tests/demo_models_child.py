"""Runs in a process of its own: makes the demo models in the given home, uses them, prints what it saw as JSON."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import events
from backend.engine import Engine, Graph
from settings import Settings

DEV = "ltx-2.3-22b-dev-fp8.safetensors"
DISTILLED = "ltx-2.3-22b-distilled-fp8.safetensors"
DISTILLED_LORA = "ltx_2.3_22b_distilled_1.1_lora_dynamic_fro09_avg_rank_111_bf16.safetensors"
CAMERA_LORA = "ltx-2-19b-lora-camera-control-jib-up.safetensors"
SIGMAS = "1.0, 0.975, 0.909375, 0.725, 0.421875, 0.0"
WIDTH, HEIGHT, FRAMES, FPS = 192, 128, 9, 8


def text_to_video(
    name: str,
    prompt: str = "a red kite over the sea",
    negative: str = "ugly",
    seed: int = 1,
    cfg: float = 1.0,
    checkpoint: str = DEV,
    lora: str = DISTILLED_LORA,
    strength: float = 0.5,
    sigmas: str = SIGMAS,
) -> Graph:
    """The official two stages: half the size, latent upsampler, second sampling, tiled decode, sound."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "checkpoint": ("CheckpointLoaderSimple", {"ckpt_name": checkpoint}),
        "audio_vae": ("LTXVAudioVAELoader", {"ckpt_name": checkpoint}),
        "clip": (
            "LTXAVTextEncoderLoader",
            {
                "text_encoder": "gemma_3_12B_it_fp4_mixed.safetensors",
                "ckpt_name": checkpoint,
                "device": "default",
            },
        ),
        "upsampler": ("LatentUpscaleModelLoader", {"model_name": "ltx-2.3-spatial-upscaler-x2-1.1.safetensors"}),
        "model": (
            "LoraLoaderModelOnly",
            {"model": ["checkpoint", 0], "lora_name": lora, "strength_model": strength},
        ),
        "positive": ("CLIPTextEncode", {"clip": ["clip", 0], "text": prompt}),
        "negative": ("CLIPTextEncode", {"clip": ["clip", 0], "text": negative}),
        "texts": (
            "LTXVConditioning",
            {"positive": ["positive", 0], "negative": ["negative", 0], "frame_rate": FPS},
        ),
        "empty_video": (
            "EmptyLTXVLatentVideo",
            {"width": WIDTH // 2, "height": HEIGHT // 2, "length": FRAMES, "batch_size": 1},
        ),
        "empty_audio": (
            "LTXVEmptyLatentAudio",
            {"frames_number": FRAMES, "frame_rate": FPS, "batch_size": 1, "audio_vae": ["audio_vae", 0]},
        ),
        "base_latent": (
            "LTXVConcatAVLatent",
            {"video_latent": ["empty_video", 0], "audio_latent": ["empty_audio", 0]},
        ),
        "sampler": ("KSamplerSelect", {"sampler_name": "euler"}),
        "base_noise": ("RandomNoise", {"noise_seed": seed}),
        "base_sigmas": ("ManualSigmas", {"sigmas": sigmas}),
        "base_guider": (
            "CFGGuider",
            {"model": ["model", 0], "positive": ["texts", 0], "negative": ["texts", 1], "cfg": cfg},
        ),
        "base": _sampling("base", "base_latent"),
        "base_parts": ("LTXVSeparateAVLatent", {"av_latent": ["base", 0]}),
        "larger": (
            "LTXVLatentUpsampler",
            {
                "samples": ["base_parts", 0],
                "upscale_model": ["upsampler", 0],
                "vae": ["checkpoint", 2],
            },
        ),
        "fine_latent": (
            "LTXVConcatAVLatent",
            {"video_latent": ["larger", 0], "audio_latent": ["base_parts", 1]},
        ),
        "fine_noise": ("RandomNoise", {"noise_seed": seed}),
        "fine_sigmas": ("ManualSigmas", {"sigmas": "0.85, 0.7250, 0.4219, 0.0"}),
        "fine_guider": (
            "CFGGuider",
            {"model": ["model", 0], "positive": ["texts", 0], "negative": ["texts", 1], "cfg": 1.0},
        ),
        "fine": _sampling("fine", "fine_latent"),
        "fine_parts": ("LTXVSeparateAVLatent", {"av_latent": ["fine", 0]}),
        "frames": (
            "VAEDecodeTiled",
            {
                "samples": ["fine_parts", 0],
                "vae": ["checkpoint", 2],
                "tile_size": 768,
                "overlap": 64,
                "temporal_size": 4096,
                "temporal_overlap": 4,
            },
        ),
        "sound": ("LTXVAudioVAEDecode", {"samples": ["fine_parts", 1], "audio_vae": ["audio_vae", 0]}),
        "video": ("CreateVideo", {"images": ["frames", 0], "audio": ["sound", 0], "fps": FPS, "bit_depth": 8}),
        "save": (
            "SaveVideo",
            {"video": ["video", 0], "filename_prefix": name, "format": "auto", "codec": "auto"},
        ),
    }
    return {node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()}


def _sampling(stage: str, latent: str) -> tuple[str, dict[str, Any]]:
    return "SamplerCustomAdvanced", {
        "noise": [f"{stage}_noise", 0],
        "guider": [f"{stage}_guider", 0],
        "sampler": ["sampler", 0],
        "sigmas": [f"{stage}_sigmas", 0],
        "latent_image": [latent, 0],
    }


def generate(engine: Engine, graph: Graph) -> dict[str, Any]:
    """What one run gave: previews, codecs, frames, and how loud the sound is (1.0 is full scale)."""
    seen = list(engine.run(graph, {"sampling": ["base", "fine"]}))
    if not isinstance(seen[-1], events.Output):
        raise SystemExit(f"the run failed: {seen[-1]}")
    import av
    import numpy

    with av.open(str(seen[-1].files[0])) as file:
        codecs = [stream.codec_context.name for stream in file.streams]
        frames = numpy.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
        file.seek(0)
        sound = numpy.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    return {
        "codecs": codecs,
        "shape": frames.shape,
        "frames": frames.astype(int),
        "contrast": float(frames.std()),
        "saturated": float(numpy.isin(frames, (0, 255)).mean()),
        "loudest": float(numpy.abs(sound).max()),
        "sampled": "base" in seen[-1].executed,
        "previews": sum(isinstance(event, events.Preview) for event in seen),
    }


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under the folder but lock and stamp."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main(home: Path) -> None:
    settings = Settings(home=home, device="cpu", demo="always")
    folder = settings.models_dir
    engine = Engine(settings)
    import demo_models

    seen: dict[str, Any] = {"files": digests(folder)}
    runs = {
        "first": generate(engine, text_to_video("first")),
        # Written otherwise, so that ComfyUI samples again and does not answer from its cache.
        "again": generate(engine, text_to_video("again", sigmas=SIGMAS.replace(", ", ","))),
        "seed": generate(engine, text_to_video("seed", seed=2)),
        "prompt": generate(engine, text_to_video("prompt", prompt="a black cat in the forest")),
        "strength": generate(engine, text_to_video("strength", strength=1.0)),
        "lora": generate(engine, text_to_video("lora", lora=CAMERA_LORA)),
        "checkpoint": generate(engine, text_to_video("checkpoint", checkpoint=DISTILLED)),
        "cfg": generate(engine, text_to_video("cfg", cfg=4.0)),
        "negative": generate(engine, text_to_video("negative", cfg=4.0, negative="the sea at night")),
    }
    frames = {name: run.pop("frames") for name, run in runs.items()}
    seen["runs"] = runs
    seen["difference"] = {
        name: float(abs(these - frames["cfg" if name == "negative" else "first"]).mean())
        for name, these in frames.items()
    }

    lora = folder / "loras" / CAMERA_LORA
    other = folder / "checkpoints" / DEV
    made = other.stat().st_mtime_ns
    lora.unlink()
    demo_models.prepare(folder)
    seen["missing_was_made"] = lora.is_file()
    seen["others_were_left"] = other.stat().st_mtime_ns == made

    (folder / demo_models.STAMP).write_text("another recipe")
    lora.write_bytes(b"from another recipe")
    demo_models.prepare(folder)
    seen["files_after_rebuild"] = digests(folder)
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
