"""Names of files: what stays inside its folder passes, on every system; all else is refused, wherever it comes from."""

import json
from pathlib import Path

import pytest
from support.mode_settings import REAL

import modes
from errors import InvalidInputError
from models import Models
from modes.user_graph.check import GraphError, read
from safe_names import FileNameError, check_file_name, check_model_name
from settings import Settings

GOOD = ["a.safetensors", "style/a.safetensors", "style\\a.safetensors", "A b (1).v2.SFT", "Ünï.safetensors", "..a.sft"]
OUTSIDE = [
    "",
    ".",
    "..",
    "../a.safetensors",
    "x/../../a.safetensors",
    "x/..",
    "..\\a.safetensors",
    "x\\..\\..\\a.safetensors",
    "/a.safetensors",
    "\\a.safetensors",
    "\\\\server\\share\\a.safetensors",
    "//server/share/a.safetensors",
    "~/a.safetensors",
    "~root/a.safetensors",
    "C:\\a.safetensors",
    "C:a.safetensors",
    "a.safetensors:stream.safetensors",
    "a\0.safetensors",
    "a\n.safetensors",
    "x//a.safetensors",
    "x/",
    "./a.safetensors",
    "a.safetensors.",
    "a.safetensors ",
    ".. /a.safetensors",
    "... /a.safetensors",
    "con",
    "NUL.safetensors",
    "x/aux/a.safetensors",
    "com1.x.safetensors",
    "LPT9 .safetensors",
    "CONIN$",
    "ü" * 128 + ".safetensors",
    "x/" * 600 + "a.safetensors",
]
OTHER_KINDS = ["a.ckpt", "a.PTH", "sub/a.pkl", "a.bin", "a.gguf", "a.safetensors.pt"]


@pytest.mark.parametrize("name", GOOD)
def test_a_name_inside_its_folder_passes(name: str) -> None:
    check_model_name(name)


def test_a_choice_without_a_suffix_passes() -> None:
    check_model_name("none")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(FileNameError, match=r"is not the name of a file inside its folder$"):
        check_file_name(name)
    with pytest.raises(FileNameError, match=r"is not the name of a file inside its folder$"):
        check_model_name(name)


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_only_model_files_that_cannot_run_code_pass(name: str) -> None:
    check_file_name(name)
    with pytest.raises(FileNameError, match="can run code"):
        check_model_name(name)


@pytest.mark.parametrize("name", [*filter(None, OUTSIDE), *OTHER_KINDS])
def test_form_graph_and_registry_apply_the_same_rule(name: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, device="cpu", demo="always")
    with pytest.raises(modes.InvalidParamsError) as refused:
        modes.get("t2v").validate({"prompt": "a", "loras": [{"file": name}]}, REAL)
    assert list(refused.value.fields) == ["loras"]
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": name, "weight_dtype": "default"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
    }
    with pytest.raises(GraphError, match=r"^Node 1 "):
        read(json.dumps(graph))
    with pytest.raises(InvalidInputError):
        Models(settings).needed(graph)


def test_a_link_that_the_owner_made_is_followed(tmp_path: Path) -> None:
    """Models are often links to another disk; nobody but the owner of the machine can make one."""
    settings = Settings(home=tmp_path / "home", device="cpu", demo="never")
    elsewhere = tmp_path / "elsewhere.safetensors"
    elsewhere.write_bytes(b"model")
    folder = settings.models_dir / "loras"
    folder.mkdir(parents=True)
    (folder / "a.safetensors").symlink_to(elsewhere)
    graph = {"1": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": "a.safetensors"}}}
    assert Models(settings).missing(graph) == []
