"""Runs in a process of its own: makes the demo models in the given home, uses them, prints what it saw as JSON."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import events
from backend.comfy.engine import Engine, Graph
from settings import Settings
from support.demo_graphs import FPS, FRAMES, HEIGHT, WIDTH, cogvideo, control, enhanced, sampling
from support.demo_pictures import look

DEV = "ltx-2.3-22b-dev-fp8.safetensors"
DISTILLED = "ltx-2.3-22b-distilled-fp8.safetensors"
DISTILLED_LORA = "ltx_2.3_22b_distilled_1.1_lora_dynamic_fro09_avg_rank_111_bf16.safetensors"
CAMERA_LORA = "ltx-2-19b-lora-camera-control-jib-up.safetensors"
LORAS = (
    "ltx-2.3-22b-ic-lora-union-control-ref0.5.safetensors",
    "ltx-2.3-22b-ic-lora-ingredients-0.9.safetensors",
    "ltx-2.3-id-lora-talkvid-3k.safetensors",
    "ltx2.3-transition.safetensors",
    "ltx-2-19b-ic-lora-pose-control.safetensors",
)
SIGMAS = "1.0, 0.975, 0.909375, 0.725, 0.421875, 0.0"


def text_to_video(
    name: str,
    prompt: str = "a red ball rolling to the left in the fog, a low hum",
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
        "base": sampling("base", "base_latent"),
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
        "fine": sampling("fine", "fine_latent"),
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


def with_pictures(name: str, first: str, last: str | None = None, lora: str = DISTILLED_LORA) -> Graph:
    """One stage that starts at a picture, or is guided from one to another as the first/last template does it."""
    graph = text_to_video(name, checkpoint=DISTILLED, lora=lora, strength=0.5 if lora == DISTILLED_LORA else 1.0)
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "first": ("LoadImage", {"image": first}),
        "empty_video": (
            "EmptyLTXVLatentVideo",
            {"width": WIDTH, "height": HEIGHT, "length": FRAMES, "batch_size": 1},
        ),
    }
    picture = {"image": ["first", 0], "vae": ["checkpoint", 2]}
    if last is None:
        nodes["begun"] = (
            "LTXVImgToVideoInplace",
            {**picture, "latent": ["empty_video", 0], "strength": 1.0, "bypass": False},
        )
    else:
        nodes["last"] = ("LoadImage", {"image": last})
        texts = {"positive": ["texts", 0], "negative": ["texts", 1]}
        nodes["guided"] = (
            "LTXVAddGuide",
            {**picture, **texts, "latent": ["empty_video", 0], "frame_idx": 0, "strength": 0.7},
        )
        texts = {"positive": ["guided", 0], "negative": ["guided", 1]}
        nodes["begun"] = (
            "LTXVAddGuide",
            {**picture, **texts, "image": ["last", 0], "latent": ["guided", 2], "frame_idx": -1, "strength": 0.7},
        )
        texts = {"positive": ["begun", 0], "negative": ["begun", 1]}
        nodes["base_guider"] = ("CFGGuider", {"model": ["model", 0], **texts, "cfg": 1.0})
        nodes["cropped"] = ("LTXVCropGuides", {**texts, "latent": ["base_parts", 0]})
    graph.update({node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()})
    graph["base_latent"]["inputs"]["video_latent"] = ["begun", 0 if last is None else 2]
    graph["frames"]["inputs"]["samples"] = ["base_parts", 0] if last is None else ["cropped", 2]
    graph["sound"]["inputs"]["samples"] = ["base_parts", 1]
    return graph


def make_media(folder: Path) -> dict[str, Any]:
    """Two pictures, and a clip of each in which it moves sideways; the pictures' pixels."""
    import av
    import numpy
    from PIL import Image

    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    pixels = {}
    for name, centre, colours in (
        ("sun", (60, 40), ([240, 208, 64], [48, 96, 192])),
        ("moon", (130, 80), ([208, 208, 208], [64, 24, 48])),
    ):
        disc = 1 / (1 + numpy.exp(numpy.hypot(columns - centre[0], rows - centre[1]) - 25))
        inside, outside = numpy.array(colours)
        frame = (disc[..., None] * inside + (1 - disc[..., None]) * outside).astype(numpy.uint8)
        Image.fromarray(frame).save(folder / f"{name}.png")
        with av.open(str(folder / f"{name}.mp4"), "w") as file:
            stream = file.add_stream("h264", rate=FPS, options={"crf": "10"})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for index in range(FRAMES):
                shifted = numpy.ascontiguousarray(numpy.roll(frame, 4 * index, axis=1))
                file.mux(stream.encode(av.VideoFrame.from_ndarray(shifted)))
            file.mux(stream.encode())
        pixels[name] = frame.astype(int)
    return pixels


def likeness(frame: Any, picture: Any) -> float:
    """Peak signal to noise ratio in dB."""
    import numpy

    return float(20 * numpy.log10(255 / numpy.sqrt(((frame - picture) ** 2).mean())))


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
        sound = numpy.zeros((1, 1))
        if file.streams.audio:
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


KERNELS: list[dict[str, Any]] = [
    {"kernel_size": 3, "padding": (0, 1, 1)},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (3, 1, 1), "stride": (2, 1, 1)},
    {"kernel_size": 1},
    {"kernel_size": (1, 3, 3), "stride": (1, 2, 2)},
]


def difference_to_torch(**kernel: Any) -> float:
    """Between ComfyUI's layer, as demo models have it, and torch's own."""
    import comfy.ops
    import torch

    layer = comfy.ops.disable_weight_init.Conv3d(6, 5, **kernel)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    video = torch.randn(2, 6, 5, 9, 11)
    with torch.no_grad():
        theirs = torch.nn.functional.conv3d(video, layer.weight, layer.bias, layer.stride, layer.padding)
        return float((layer(video) - theirs).abs().max())


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under the folder but lock and stamp."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def enhance(engine: Engine, picture: Any) -> dict[str, Any]:
    """What enlarging the picture and doubling the frames of its clip gave; likeness in dB."""
    import numpy
    from PIL import Image

    larger = generate(engine, enhanced("larger", picture="sun.png"))["frames"]
    wanted = Image.fromarray(picture.astype(numpy.uint8)).resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.BILINEAR)
    between = generate(engine, enhanced("between", clip="sun.mp4"))["frames"]
    return {
        "larger": larger.shape,
        "smooth": likeness(larger[0], numpy.array(wanted, int)),
        "between": between.shape,
        "mean": likeness(between[1::2], (between[:-1:2] + between[2::2]) / 2),
        "moves": float(abs(between[0] - between[2]).mean()),
    }


def make_with_cogvideo(engine: Engine) -> dict[str, Any]:
    """Runs by what was changed, and by how many grey levels each differs from the first."""
    runs = {
        "first": generate(engine, cogvideo("first")),
        "seed": generate(engine, cogvideo("seed", seed=2)),
        "prompt": generate(engine, cogvideo("prompt", prompt="a blue cube rises up in the desert")),
        "sampler": generate(engine, cogvideo("sampler", own_sampler=True)),
    }
    frames = {name: run.pop("frames") for name, run in runs.items()}
    difference = {name: float(abs(these - frames["first"]).mean()) for name, these in frames.items()}
    return {"runs": runs, "difference": difference}


def main(home: Path) -> None:
    settings = Settings(home=home, device="cpu", demo="always", repeatable_video=True)
    folder = settings.models_dir
    engine = Engine(settings)
    import demo_models

    seen: dict[str, Any] = {"files": digests(folder)}
    runs = {
        "first": generate(engine, text_to_video("first")),
        # Written otherwise, so that ComfyUI samples again and does not answer from its cache.
        "again": generate(engine, text_to_video("again", sigmas=SIGMAS.replace(", ", ","))),
        "seed": generate(engine, text_to_video("seed", seed=2)),
        "prompt": generate(engine, text_to_video("prompt", prompt="a blue cube rises up in the desert")),
        "strength": generate(engine, text_to_video("strength", strength=1.0)),
        "lora": generate(engine, text_to_video("lora", lora=CAMERA_LORA)),
        "cfg": generate(engine, text_to_video("cfg", cfg=4.0)),
        "negative": generate(engine, text_to_video("negative", cfg=4.0, negative="in the fog")),
    }
    frames = {name: run.pop("frames") for name, run in runs.items()}
    seen["runs"] = runs
    seen["difference"] = {
        name: float(abs(these - frames["cfg" if name == "negative" else "first"]).mean())
        for name, these in frames.items()
    }

    pictures = make_media(settings.inputs_dir)
    begun = generate(engine, with_pictures("begun", "sun.png"))["frames"]
    between = generate(engine, with_pictures("between", "sun.png", "moon.png"))["frames"]
    seen["likeness"] = {
        "start": likeness(begun[0], pictures["sun"]),
        "end": likeness(begun[-1], pictures["sun"]),
        "first": likeness(between[0], pictures["sun"]),
        "last": likeness(between[-1], pictures["moon"]),
        "other": likeness(between[0], pictures["moon"]),
    }
    seen["frames_between"] = len(between)
    seen["loras"] = {}
    for name in LORAS:
        changed = generate(engine, with_pictures("changed", "sun.png", lora=name))["frames"]
        seen["loras"][name] = float(abs(changed - begun)[1:].mean())
    for kind in ("depth", "pose"):
        of_sun, of_moon = (generate(engine, control(kind, f"{clip}.mp4", kind)) for clip in ("sun", "moon"))
        frames_of_sun = of_sun.pop("frames")
        seen["difference"][kind] = float(abs(frames_of_sun - of_moon["frames"]).mean())
        seen[kind] = {**of_sun, "moves": float(abs(frames_of_sun[0] - frames_of_sun[-1]).mean())}

    seen["pictures"] = look(engine, settings)
    seen["enhanced"] = enhance(engine, pictures["sun"])
    seen["cogvideo"] = make_with_cogvideo(engine)
    seen["small_convolutions"] = [difference_to_torch(**kernel) for kernel in KERNELS]

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
