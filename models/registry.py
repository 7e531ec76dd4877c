"""Finds the model files that a graph names. `registry.tsv` has what Kinora knows about each file, one per row."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from errors import InvalidInputError
from safe_names import FileNameError, check_model_name, is_model
from workflow import Graph

REGISTRY = Path(__file__).with_name("registry.tsv")

# The inputs that take the name of a model file, and the folder in which ComfyUI 0.30.0 looks for it (nodes.py,
# comfy_extras/).
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
# The same for inputs whose name alone does not determine the folder.
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

    `folder` is ComfyUI's folder below models/, and `name` the file's name in it. `repo` and `path` belong to the
    Hugging Face Hub, and are "" for a file that the registry does not have. `revision` is a commit, `size` is in bytes,
    and `sha256` is in hexadecimal digits; each is None where it is not known.
    """

    folder: str
    name: str
    repo: str
    path: str
    revision: str | None
    size: int | None
    sha256: str | None


def read(table: Path = REGISTRY) -> list[ModelFile]:
    """Returns the rows of a registry table in their order."""
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
    """Writes a table that `read` can read."""
    header = ["file" if field.name == "name" else field.name for field in fields(ModelFile)]
    with table.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(asdict(file).values() for file in files)


def folder_of(class_type: str, name: str) -> str | None:
    """Returns the models folder for an input of a node class, or None for an input that does not name a model."""
    return _FOLDER_OF_NODE_INPUT.get((class_type, name)) or _FOLDER_OF_INPUT.get(name)


def needed(graphs: Iterable[Graph], known: dict[str, ModelFile]) -> list[ModelFile]:
    """Returns the model files that the graphs name, each once, in the order of the graphs.

    `known` maps file names to the registry's files. Raises InvalidInputError for a file that is not safetensors, and
    for a name that leads out of its folder.
    """
    found: dict[tuple[str, str], ModelFile] = {}
    for graph in graphs:
        for folder, name in _names(graph, known):
            file = known.get(name) or ModelFile(folder, name, "", "", None, None, None)
            found.setdefault((folder, name), replace(file, folder=folder))
    return list(found.values())


def _names(graph: Graph, known: dict[str, ModelFile]) -> Iterator[tuple[str, str]]:
    """Yields the folder and the name of each model file.

    Other texts are not checked, because a prompt, for example, may end in "model.bin".
    """
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
