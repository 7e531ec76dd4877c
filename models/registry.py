"""Which model files a graph names, and what is known of each: `registry.tsv`, one file a row."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from errors import InvalidInputError
from file_names import FileNameError, check_model_name, is_model
from workflow import Graph

REGISTRY = Path(__file__).with_name("registry.tsv")

# Inputs that take a model's file name, and the folder ComfyUI 0.30.0 looks in (nodes.py, comfy_extras/).
_FOLDER_OF_INPUT = {
    "ckpt_name": "checkpoints",
    "lora_name": "loras",
    "existing_lora": "loras",
    "vae_name": "vae",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "clip_name4": "text_encoders",
    "text_encoder": "text_encoders",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "gligen_name": "gligen",
    "hypernetwork_name": "hypernetworks",
    "audio_encoder_name": "audio_encoders",
    "bg_removal_name": "background_removal",
    "photomaker_model_name": "photomaker",
}
# The same where the input's name alone does not tell.
_FOLDER_OF_NODE_INPUT = {
    ("CLIPVisionLoader", "clip_name"): "clip_vision",
    ("UpscaleModelLoader", "model_name"): "upscale_models",
    ("LatentUpscaleModelLoader", "model_name"): "latent_upscale_models",
    ("FrameInterpolationModelLoader", "model_name"): "frame_interpolation",
    ("OpticalFlowLoader", "model_name"): "optical_flow",
    ("LoadMoGeModel", "model_name"): "geometry_estimation",
    ("LoadDA3Model", "model_name"): "geometry_estimation",
    ("LoadMediaPipeFaceLandmarker", "model_name"): "detection",
    ("ModelPatchLoader", "name"): "model_patches",
}


@dataclass(frozen=True)
class ModelFile:
    """A model file: where ComfyUI looks for it and where it comes from.

    `folder` and `name` are ComfyUI's (folder below models/, file in it); `repo` and `path` are those of the
    Hugging Face Hub, both "" for a file of the user's own. `revision` is a commit, `size` in bytes, `sha256` in
    hexadecimal digits; None where not known.
    """

    folder: str
    name: str
    repo: str
    path: str
    revision: str | None
    size: int | None
    sha256: str | None


def read(table: Path = REGISTRY) -> list[ModelFile]:
    """The rows of a registry table, in their order."""
    with table.open(encoding="utf-8", newline="") as lines:
        return [
            ModelFile(
                folder=row["folder"],
                name=row["file"],
                repo=row["repo"],
                path=row["path"],
                revision=row["revision"] or None,
                size=int(row["size"]) if row["size"] else None,
                sha256=row["sha256"] or None,
            )
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def write(files: Iterable[ModelFile], table: Path = REGISTRY) -> None:
    """Writes the table that `read` reads."""
    header = ["file" if field.name == "name" else field.name for field in fields(ModelFile)]
    with table.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(asdict(file).values() for file in files)


def folder_of(class_type: str, name: str) -> str | None:
    """The models folder that a node's input chooses from; None for an input that names no model."""
    return _FOLDER_OF_NODE_INPUT.get((class_type, name)) or _FOLDER_OF_INPUT.get(name)


def needed(graphs: Iterable[Graph], known: dict[str, ModelFile]) -> list[ModelFile]:
    """The model files that the graphs name, each once, in the graphs' order.

    `known` is the registry by file name. Raises InvalidInputError for a pickle and for a name that leaves its
    folder.
    """
    found: dict[tuple[str, str], ModelFile] = {}
    for graph in graphs:
        for folder, name in _names(graph, known):
            file = known.get(name) or ModelFile(folder, name, "", "", None, None, None)
            found.setdefault((folder, name), replace(file, folder=folder))
    return list(found.values())


def _names(graph: Graph, known: dict[str, ModelFile]) -> Iterator[tuple[str, str]]:
    """Folder and name of each model. Free text is left alone: a prompt may well end in "model.bin"."""
    for node in graph.values():
        for input_name, value in node.get("inputs", {}).items():
            if not isinstance(value, str):
                continue
            folder = folder_of(node.get("class_type", ""), input_name)
            if folder is None and value in known:
                folder = known[value].folder
            if folder is None or not value:
                continue
            try:
                check_model_name(value)
            except FileNameError as error:
                hint = "Use the name of a .safetensors file in its models folder."
                raise InvalidInputError(f"{error}.", hint=hint) from None
            if is_model(value):
                yield folder, value
