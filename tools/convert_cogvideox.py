"""Converts CogVideoX's transformer from diffusers' parts to one file with the tensor names that ComfyUI reads.

    python tools/convert_cogvideox.py FOLDER TARGET

FOLDER is the downloaded folder `transformer` of zai-org/CogVideoX-5b, TARGET cogvideox_5b.safetensors in the folder
diffusion_models. The names are those of diffusers 0.31 and of comfy/ldm/cogvideo/model.py in ComfyUI 0.30.0.
"""

import re
from pathlib import Path
from typing import Annotated

import typer
from safetensors import safe_open
from safetensors.torch import save_file

RENAMED = (
    (r"^transformer_blocks\.", "blocks."),
    (r"\.attn1\.to_([qkv])\.", r".\1."),
    (r"\.attn1\.to_out\.0\.", ".attn_out."),
    (r"\.attn1\.norm_([qk])\.", r".norm_\1."),
    (r"\.ff\.net\.0\.proj\.", ".ff_proj."),
    (r"\.ff\.net\.2\.", ".ff_out."),
    (r"^(time|ofs)_embedding\.linear_", r"\1_embedding_linear_"),
)


def renamed(name: str) -> str:
    """A tensor's name in ComfyUI, from its name in diffusers."""
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def convert(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    target: Annotated[Path, typer.Argument(dir_okay=False)],
) -> None:
    """Convert a transformer from diffusers' folder to ComfyUI's file."""
    parts = sorted(folder.glob("*.safetensors"))
    if not parts:
        typer.echo(f"There is no .safetensors file in {folder}.", err=True)
        raise typer.Exit(1)
    tensors = {}
    for part in parts:
        with safe_open(part, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  a safetensors file is no dictionary
                tensors[renamed(name)] = opened.get_tensor(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target)
    typer.echo(f"{target}: {len(tensors)} tensors of {len(parts)} files")


if __name__ == "__main__":
    typer.run(convert)
