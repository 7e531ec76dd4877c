"""Decides which of ComfyUI's own nodes a user's graph may contain, and writes modes/user_graph/nodes.tsv.

python tools/allow_nodes.py write   write it, for a new ComfyUI
python tools/allow_nodes.py check   exit 1 if it is not what the rules give
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from models.registry import folder_of  # noqa: E402
from modes.user_graph import node_classes as table  # noqa: E402
from modes.user_graph.node_classes import NodeClass  # noqa: E402
from tools.extract import nodeinfo  # noqa: E402

# What a person gives is put in the place of the file that these name.
LOADERS = {
    "LoadImage": {"image": "image"},
    "LoadImageMask": {"image": "image"},
    "LoadAudio": {"audio": "audio"},
    "LoadVideo": {"file": "video"},
}
# Images, videos and sounds, below the outputs folder.
SAVERS = {
    "SaveAnimatedPNG",
    "SaveAnimatedWEBP",
    "SaveAudio",
    "SaveAudioAdvanced",
    "SaveAudioMP3",
    "SaveAudioOpus",
    "SaveImage",
    "SaveImageAdvanced",
    "SaveVideo",
    "SaveWEBM",
}
PAID = "it calls a service on the internet"
TRAINS = "it trains a model"
SOLID = "Kinora has no 3D files"
WRITES = "it writes files other than images, videos and sounds"
READS = "it reads files that you do not give to Kinora"
FOLDERS = "it takes the path of a file or a folder"
REFUSED = {
    "CheckpointLoader": "it reads a configuration file",
    "DiffusersLoader": "it reads a folder, which may hold files that run code",
    "LoadImageDataSetFromFolder": READS,
    "LoadImageTextDataSetFromFolder": READS,
    "LoadVideoDataSetFromFolder": READS,
    "LoadVideoTextDataSetFromFolder": READS,
    "LoadImageOutput": READS,
    "LoadLatent": READS,
    "LoadTrainingDataset": READS,
    "Painter": READS,
    "MakeTrainingDataset": TRAINS,
    "ResolutionBucket": TRAINS,
    "RecordAudio": "it records, which ComfyUI's own page alone can do",
    "WebcamCapture": "it records, which ComfyUI's own page alone can do",
    "RegexExtract": "a regular expression can run without end",
    "RegexMatch": "a regular expression can run without end",
    "RegexReplace": "a regular expression can run without end",
    "StringFormat": "a format can reach into the program, and fill the memory",
    "TorchCompileModel": "it compiles and runs code of its own",
    "MultiGPU_WorkUnits": "Kinora has an engine of its own for each GPU",
    "SelectCLIPDevice": "Kinora has an engine of its own for each GPU",
    "SelectModelDevice": "Kinora has an engine of its own for each GPU",
    "SelectVAEDevice": "Kinora has an engine of its own for each GPU",
}
MODULES = {
    "nodes_train": TRAINS,
    "nodes_load_3d": SOLID,
    "nodes_save_3d": SOLID,
    "nodes_glsl": "it runs code on the graphics card",
    "nodes_webcam": "it records, which ComfyUI's own page alone can do",
}
# Text with such a name is taken for a path, whatever the node does with it.
PATH = re.compile(r"(^|_)(path|dir|directory|folder|file|filename|url|uri)(_|$)")
# What no node may do unless it is a loader or saver of those above, or loads models.
TOUCHES = re.compile(
    r"\bopen\(|torch\.(load|save)\(|pickle|subprocess|shutil|\bos\.|requests|urllib|\bexec\(|[^.]\beval\(|simple_eval"
    r"|\bre\.(search|sub|match|finditer)|folder_paths\."
)
# Allowed all the same, and why.
LOOKED_AT = {
    "ComfyMathExpression": "simpleeval: numbers, these functions, no names beyond them, powers and lengths limited",
    "PreviewImage": "writes to ComfyUI's temporary folder, under a name of its own",
    "SAM3_TrackPreview": "writes to ComfyUI's temporary folder, under a name of its own",
}


class UndecidedError(Exception):
    """No rule refuses a node, but it does what only listed nodes may do: a person has to decide."""


def decided() -> dict[str, NodeClass]:
    """The decision for every node class of the pinned ComfyUI. Starts ComfyUI, which takes about 10 s."""
    definitions = nodeinfo.load()
    from nodes import NODE_CLASS_MAPPINGS  # ComfyUI's, on the path now

    return {name: _decided(name, definitions[name], NODE_CLASS_MAPPINGS[name]) for name in definitions}


def _decided(name: str, definition: dict[str, Any], node: Any) -> NodeClass:
    inputs = list(_inputs(definition["input"]))
    refused = REFUSED.get(name) or _refused(name, definition, node, inputs)
    if refused:
        return NodeClass(refused)
    media = LOADERS.get(name, {})
    models = tuple(each for each, kind, _ in inputs if kind == "COMBO" and folder_of(name, each))
    unknown = [each for each, kind, options in inputs if (options == [] or kind == "upload") and each not in media]
    unknown = [each for each in unknown if each not in models and name != "CustomCombo"]  # its choices are its own
    if unknown:
        raise UndecidedError(f"{name}: what may {', '.join(unknown)} name?")
    if not (media or models or name in SAVERS or name in LOOKED_AT) and (found := TOUCHES.search(_source(node))):
        raise UndecidedError(f"{name} has {found[0]!r} in its code: refuse it, or say why not")
    return NodeClass("", media, models, name in SAVERS)


def _refused(name: str, definition: dict[str, Any], node: Any, inputs: list[tuple[str, str, Any]]) -> str:
    module = node.__module__.replace("\\", "/").rpartition("/")[2].rpartition(".")[2]
    if getattr(node, "RELATIVE_PYTHON_MODULE", "").startswith("comfy_api_nodes"):
        return PAID
    if module in MODULES:
        return MODULES[module]
    kinds = [kind for _, kind, _ in inputs] + [str(kind) for kind in definition["output"]]
    if any("FILE_3D" in kind for kind in kinds):
        return SOLID
    texts = [each for each, kind, _ in inputs if kind == "STRING" and each != "filename_prefix"]
    writes = any(each == "filename_prefix" for each, _, _ in inputs)
    if name not in SAVERS and (writes or name.startswith("Save")):
        return WRITES
    return FOLDERS if any(PATH.search(each) for each in texts) else ""


def _inputs(section: Any) -> Iterator[tuple[str, str, Any]]:
    """Name, kind and options of each input, also of those that come in with a choice; options [] are names of files.

    An input that a page uploads files for is of the kind "upload".
    """
    if isinstance(section, list):
        for each in section:
            yield from _inputs(each)
    if not isinstance(section, dict):
        return
    for name, entry in section.items():
        if name == "hidden":
            continue
        kind, more, *_ = [*entry, None, None] if isinstance(entry, list | tuple) else (None, None)
        if isinstance(kind, str | list):
            more = more if isinstance(more, dict) else {}
            kind, options = ("COMBO", kind) if isinstance(kind, list) else (kind, more.get("options"))
            uploads = any(each.endswith("_upload") for each in more)
            yield name, "upload" if uploads else kind, options
            yield from _inputs([each for each in more.values() if isinstance(each, dict | list)])
        else:
            yield from _inputs(entry)


def _source(node: Any) -> str:
    """Returns the source of a node's class and of its base classes, without those of ComfyUI's API."""
    own = (each for each in node.__mro__ if each is not object and "comfy_api" not in each.__module__)
    return "\n".join(inspect.getsource(each) for each in own)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("act", choices=("write", "check"))
    act = parser.parse_args().act
    text = table.text(decided())
    if act == "check":
        if table.TABLE.is_file() and table.TABLE.read_text(encoding="utf-8") == text:
            return 0
        print(
            "modes/user_graph/nodes.tsv is not what the rules give; run: python tools/allow_nodes.py write",
            file=sys.stderr,
        )
        return 1
    table.TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
