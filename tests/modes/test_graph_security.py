"""A user's graph reaches no file, no code and no network but what Kinora gives it: refused before anything runs."""

import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import pytest
from support import own_graphs as graphs
from support.mode_settings import REAL
from support.own_graphs import node, saved

import modes
from jobs import CallerQueue, JobQueue, Submission
from models.registry import folder_of
from modes import InvalidParamsError
from modes.mode import EXAMPLES
from modes.user_graph.node_classes import known
from settings import PROJECT, Settings
from workflow import save_to

GRAPH = modes.get("graph")
TEXT = {"9": node("PrimitiveString", value="../../secret.png")}
FILES = {"image": EXAMPLES / "landscape.png", "audio": EXAMPLES / "music.wav", "video": EXAMPLES / "clip.mp4"}

LOADED = {"LoadImage": "image", "LoadImageMask": "image", "LoadAudio": "audio", "LoadVideo": "file"}
OUTSIDE: list[Any] = [
    "/etc/passwd",
    "../../secret.png",
    "sub/../../secret.png",
    "..\\..\\secret.png",
    "C:\\secret.png",
    "\\\\server\\share\\x.png",
    "~/secret.png",
    "secret.png [output]",
    "secret.png [temp] ",
    "x\0.png",
    ["9", 0],
    {"__value__": "../../secret.png"},
    ["../../secret.png"],
    7,
]
CLASSES = [
    "LoadLatent",
    "SaveLatent",
    "LoadTrainingDataset",
    "SaveTrainingDataset",
    "LoadImageDataSetFromFolder",
    "LoadImageTextDataSetFromFolder",
    "LoadVideoDataSetFromFolder",
    "SaveImageDataSetToFolder",
    "LoadImageOutput",
    "Painter",
    "WebcamCapture",
    "RecordAudio",
    "CheckpointSave",
    "ModelSave",
    "CLIPSave",
    "VAESave",
    "LoraSave",
    "SaveLoRA",
    "LoraModelLoader",
    "TrainLoraNode",
    "LossGraphNode",
    "ImageOnlyCheckpointSave",
    "CheckpointLoader",
    "DiffusersLoader",
    "TorchCompileModel",
    "StringFormat",
    "RegexReplace",
    "SaveSVGNode",
    "SaveText",
    "Load3D",
    "SaveGLB",
    "GLSLShader",
    "GeminiNode",
    "OpenAIDalle3",
    "SomebodysCustomNode",
    "__import__",
]
MODELS = ["../../x.safetensors", "/x.safetensors", "x.ckpt", "x.pt", "X.PTH", "x.bin", "x.gguf", "..", ["9", 0], 7]
NASTY: dict[str, Any] = {
    **{f"{kind} {value!r}": saved(kind, **{LOADED[kind]: value}) | TEXT for kind in LOADED for value in OUTSIDE},
    **{f"class {kind}": saved(kind) for kind in CLASSES},
    **{f"model {name!r}": saved("CheckpointLoaderSimple", ckpt_name=name) | TEXT for name in MODELS},
    **{f"lora {name!r}": saved("LoraLoaderModelOnly", lora_name=name) | TEXT for name in MODELS},
    "model through a choice": saved("UNETLoader", unet_name=["9", 0]) | {"9": node("CustomCombo", choice="x.ckpt")},
    "node named as a path": saved("EmptyImage") | {"../../x": node("SaveImage", images=["1", 0])},
    "node named with a newline": saved("EmptyImage") | {"1\n": node("SaveImage", images=["1", 0])},
    "link that only ComfyUI sees": saved("ImageInvert", image=["3", 0.0]) | {"3": node("EmptyImage")},
    "link that is a truth": saved("ImageInvert", image=["3", True]) | {"3": node("EmptyImage")},
    "link that counts from the end": saved("ImageInvert", image=["3", -1]) | {"3": node("EmptyImage")},
    "link wrapped as a value": saved("ImageInvert", image={"__value__": ["3", 0]}) | {"3": node("EmptyImage")},
    "class that is no text": {"1": {"class_type": ["SaveImage"], "inputs": {}}},
    "inputs that are no object": {"1": {"class_type": "SaveImage", "inputs": []}},
}


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> CallerQueue:
    return CallerQueue(JobQueue(Settings(home=tmp_path_factory.mktemp("home"), device="cpu", demo="always")))


@pytest.mark.parametrize("name", NASTY)
def test_a_graph_that_reaches_out_is_refused_and_nothing_is_queued(queue: CallerQueue, name: str) -> None:
    kind = next((each for each in LOADED if name.startswith(f"{each} ")), "")
    needed = {"LoadAudio": "audio", "LoadVideo": "video"}.get(kind, "image")
    files = {needed: FILES[needed]} if kind else {}  # otherwise the graph could be refused for a missing file
    with pytest.raises(InvalidParamsError) as caught:
        queue.submit(Submission(mode="graph", values={"graph": graphs.text(NASTY[name]), **files}))
    assert list(caught.value.fields) == ["graph"]
    assert queue.tasks().tasks == []


@pytest.mark.parametrize(
    "name", ["kept/landscape.png", "landscape.png", "x_0123456789abcde.png", "x_0123456789ABCDEF.png"]
)
def test_a_file_that_kinora_did_not_stage_has_to_be_given(queue: CallerQueue, name: str) -> None:
    with pytest.raises(InvalidParamsError, match="Image is missing"):
        queue.submit(Submission(mode="graph", values={"graph": graphs.mixed(name)}))


@pytest.mark.parametrize("node_id", ["1", "57:3", "a.b", "..", "...:..", "save_x", "über"])
@pytest.mark.parametrize("prefix", ["../../x", "/tmp/x", "%date%/../x", ["1", 0], None])
def test_results_go_where_kinora_says_whatever_the_graph_says(node_id: str, prefix: Any) -> None:
    savers = [name for name, each in known().items() if each.saves]
    graph = {"src": node("EmptyImage", filename_prefix=prefix)}
    graph |= {f"{node_id}{number}": node(kind, images=["src", 0]) for number, kind in enumerate(savers)}
    for content in list(graph.values())[1:]:
        content["inputs"]["filename_prefix"] = prefix
    built = GRAPH.build(GRAPH.validate({"graph": graph}, REAL), 1, {}, "kinora")
    save_to(built, "running/5")
    written = [content["inputs"]["filename_prefix"] for content in built.values() if content["class_type"] in savers]
    assert len(written) == len(savers)
    assert len({*written}) == len(savers) or node_id == "save_x"
    for each in written:
        path = PurePosixPath(each)
        assert path.parent == PurePosixPath("running")
        assert path.name == "5" or path.name.startswith("5.")
        assert ":" not in each


@pytest.mark.everything
def test_the_list_is_what_the_rules_make_of_the_pinned_comfyui() -> None:
    """The rules reject a node that handles files and that nobody has reviewed."""
    done = subprocess.run(
        [sys.executable, "tools/allow_nodes.py", "check"], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_models_are_named_only_where_the_registry_knows_the_folder() -> None:
    named = [(kind, name) for kind, each in known().items() for name in each.models]
    assert len(named) > 30
    assert all(folder_of(kind, name) for kind, name in named)


def test_refused_classes_have_a_reason_and_most_classes_are_allowed() -> None:
    ours = [name for name, each in known().items() if not each.refused]
    assert 500 < len(ours) < 600
    assert not {name for name in ours if name.startswith(("Save", "Load"))} - (
        {name for name in ours if known()[name].saves or known()[name].media or known()[name].models}
    )


def test_every_node_of_our_own_templates_is_allowed() -> None:
    import workflow

    for template in workflow.FOLDER.glob("*.json"):
        for content in workflow.load(template.stem).values():
            assert not known()[content["class_type"]].refused
