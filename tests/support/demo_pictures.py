"""For demo_models_child: what the demo models of Z-Image make, as numbers."""

from pathlib import Path
from typing import Any

import events
from backend.comfy.engine import Engine, Graph
from settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "landscape.png"
SIZE = 256


def picture_graph(
    name: str,
    prompt: str = "a red kite over the sea",
    negative: str = "ugly",
    seed: int = 1,
    cfg: float = 1.0,
    unet: str = "z_image_turbo_bf16.safetensors",
    size: tuple[int, int] = (SIZE, SIZE),
    sampler: tuple[str, str] = ("res_multistep", "simple"),
    denoise: float | None = 1.0,
    given: bool = False,
    masked: bool = False,
    lora: str | None = None,
) -> Graph:
    """As the official template. `denoise` is None where a given picture is to be encoded and decoded only."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "unet": ("UNETLoader", {"unet_name": unet, "weight_dtype": "default"}),
        "clip": ("CLIPLoader", {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2", "device": "default"}),
        "vae": ("VAELoader", {"vae_name": "ae.safetensors"}),
        "model": ("ModelSamplingAuraFlow", {"model": ["lora" if lora else "unet", 0], "shift": 3.0}),
        "positive": ("CLIPTextEncode", {"clip": ["clip", 0], "text": prompt}),
        "negative": ("CLIPTextEncode", {"clip": ["clip", 0], "text": negative}),
        "latent": ("EmptySD3LatentImage", {"width": size[0], "height": size[1], "batch_size": 1}),
        "sampled": (
            "KSampler",
            {
                "model": ["model", 0],
                "positive": ["positive", 0],
                "negative": ["negative", 0],
                "latent_image": ["latent", 0],
                "seed": seed,
                "steps": 8,
                "cfg": cfg,
                "sampler_name": sampler[0],
                "scheduler": sampler[1],
                "denoise": 1.0 if denoise is None else denoise,
            },
        ),
        "picture": ("VAEDecode", {"samples": ["latent" if denoise is None else "sampled", 0], "vae": ["vae", 0]}),
        "save": ("SaveImage", {"images": ["picture", 0], "filename_prefix": name}),
    }
    if given or masked:
        nodes["given"] = ("LoadImage", {"image": "given.png"})
        nodes["latent"] = ("VAEEncode", {"pixels": ["given", 0], "vae": ["vae", 0]})
    if masked:
        nodes["encoded"] = nodes["latent"]
        nodes["mask"] = ("LoadImageMask", {"image": "mask.png", "channel": "red"})
        nodes["latent"] = ("SetLatentNoiseMask", {"samples": ["encoded", 0], "mask": ["mask", 0]})
        nodes["gradual"] = ("DifferentialDiffusion", {"model": ["model", 0], "strength": 1.0})
        nodes["sampled"][1]["model"] = ["gradual", 0]
    if lora:
        nodes["lora"] = ("LoraLoaderModelOnly", {"model": ["unet", 0], "lora_name": lora, "strength_model": 1.0})
    return {node: {"class_type": kind, "inputs": inputs} for node, (kind, inputs) in nodes.items()}


def look(engine: Engine, settings: Settings) -> dict[str, Any]:
    """Runs the family's graphs."""
    import numpy
    from PIL import Image

    def made(name: str, **how: Any) -> Any:
        last = list(engine.run(picture_graph(name, **how), {"sampling": ["sampled"]}))[-1]
        if not isinstance(last, events.Output):
            raise SystemExit(f"the run of {name} failed: {last}")
        with Image.open(last.files[0]) as file:
            return numpy.asarray(file.convert("RGB")).astype(int)

    def likeness(picture: Any, other: Any) -> float:
        return float(20 * numpy.log10(255 / numpy.sqrt(((picture - other) ** 2).mean())))

    with Image.open(EXAMPLE) as file:
        given = file.convert("RGB").resize((SIZE, SIZE))
    given.save(settings.inputs_dir / "given.png")
    pixels = numpy.asarray(given).astype(int)
    inside = numpy.zeros((SIZE, SIZE, 3), numpy.uint8)
    inside[64:192, 64:192] = 255
    Image.fromarray(inside).save(settings.inputs_dir / "mask.png")
    lora = _make_lora(settings.models_dir / "loras")

    first = made("first")
    base = made("base", unet="z_image_bf16.safetensors", cfg=4.0)
    others = {
        # Without guidance the negative prompt says nothing, but ComfyUI samples again.
        "again": made("again", negative="nice"),
        "seed": made("seed", seed=2),
        "prompt": made("prompt", prompt="a green forest"),
        "lora": made("lora", lora=lora.name),
    }
    lora.unlink()
    negative = made("negative", unet="z_image_bf16.safetensors", cfg=4.0, negative="the blue sea")
    masked = made("masked", masked=True)
    wide = made("wide", size=(400, 144))
    return {
        "first": _summary(first),
        "base": _summary(base),
        "wide": _summary(wide),
        "difference": {name: float(abs(other - first).mean()) for name, other in others.items()}
        | {"model": float(abs(base - first).mean()), "negative": float(abs(negative - base).mean())},
        "colour": {name: picture.mean((0, 1)).tolist() for name, picture in (("red", first), *others.items())},
        "likeness": {
            "encoded": likeness(made("encoded", given=True, denoise=None), pixels),
            "near": likeness(made("near", given=True, denoise=0.3), pixels),
            "far": likeness(made("far", given=True, denoise=0.9), pixels),
            "refined": likeness(made("refined", given=True, denoise=0.33, sampler=("dpmpp_2m_sde", "beta")), pixels),
            "outside_mask": likeness(masked[:, :48], pixels[:, :48]),
        },
        "inside_mask": float(abs(masked - pixels)[80:176, 80:176].mean()),
    }


def _summary(picture: Any) -> dict[str, Any]:
    import numpy

    return {
        "shape": picture.shape,
        "contrast": float(picture.mean(2).std()),
        "saturated": float(numpy.isin(picture, (0, 255)).mean()),
    }


def _make_lora(folder: Path) -> Path:
    import safetensors.torch
    import torch

    layer = "diffusion_model.layers.0.attention.out"
    generator = torch.Generator().manual_seed(1)
    pair = {
        f"{layer}.lora_A.weight": 0.1 * torch.randn(4, 256, generator=generator),
        f"{layer}.lora_B.weight": 0.1 * torch.randn(256, 4, generator=generator),
    }
    path = folder / "of_a_test.safetensors"
    safetensors.torch.save_file(pair, path)
    return path
