"""What an engine process changes in ComfyUI, and which of ComfyUI's modules it imports."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from test_guards import FLOOR

import patches
from settings import PROJECT, Settings

CHILD = """
import json, sys
from pathlib import Path
from backend.comfy.engine import Engine
from settings import Settings

settings = Settings.model_validate_json(sys.argv[1])
engine = Engine(settings)
checkout = settings.comfyui_dir.resolve()
files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
theirs = {name.split(".")[0] for name, file in files.items() if file and Path(file).resolve().is_relative_to(checkout)}
print(json.dumps({
    "patches": engine.describe()["patches"],
    "theirs": sorted(name for name in theirs if name.isidentifier()),
    "imported": sorted({name.split(".")[0] for name in sys.modules}),
    "first_on_path": sys.path[0] == str(checkout),
}))
"""
ENGINES = {
    "backend.comfy.patches.cache_eviction": 1,
    "backend.comfy.patches.lora_effects": 1,
    "backend.comfy.patches.moge_cpu": 1,
    "backend.comfy.patches.video_determinism": 1,
    "backend.comfy.startup": 4,
    "demo_models.cogvideo": 1,
    "demo_models.enhance": 1,
    "demo_models.quick_blocks": 2,
    "demo_models.quick_conv3d": 1,
    "demo_models.qwen": 2,
    "demo_models.symbols": 3,
    "demo_models.wan": 1,
    "demo_models.zimage": 2,
}
"""Our modules that patch ComfyUI, and how many patches each declares. A new one is added here on purpose."""


@pytest.fixture(scope="module")
def process(demo_settings: Settings) -> dict[str, Any]:
    """What an engine process says of itself after its start."""
    settings = demo_settings.model_copy(update={"repeatable_video": True})
    command = [sys.executable, "-c", CHILD, settings.model_dump_json()]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_the_engines_patches_are_those_listed_here(process: dict[str, Any]) -> None:
    found = [each["module"] for each in process["patches"]]
    assert {module: found.count(module) for module in sorted(found)} == ENGINES


def test_each_patch_has_a_target_a_reason_and_a_condition_for_its_removal(process: dict[str, Any]) -> None:
    for each in process["patches"]:
        assert each["targets"]
        for sentence in (each["reason"], each["until"]):
            assert sentence.endswith(".")
            assert len(sentence.split()) > 3


def test_all_patches_were_applied_but_that_of_a_piece_that_has_ended(process: dict[str, Any]) -> None:
    waiting = [each["module"] for each in process["patches"] if not each["applied"]]
    assert waiting == ["backend.comfy.patches.cache_eviction"]


def test_patches_were_written_for_the_versions_that_are_pinned() -> None:
    pin = tomllib.loads((PROJECT / "comfyui" / "pin.toml").read_text(encoding="utf-8"))
    pinned = {"ComfyUI": pin["version"]}
    pinned |= {package: version(package) for package in patches.WRITTEN_FOR if package != "ComfyUI"}
    assert pinned == patches.WRITTEN_FOR


def test_no_name_of_ours_is_that_of_a_module_which_an_engine_imports_from_the_checkout(process: dict[str, Any]) -> None:
    """The checkout is first on the path of an engine process: there, a module of ours with such a name is hidden by
    ComfyUI's, or hides it if it was imported before."""
    assert process["first_on_path"]
    ours = {*FLOOR, "tools", "comfyui", "tests"}
    assert not ours & set(process["theirs"])


def test_the_one_name_that_is_in_both_places_is_never_imported_by_an_engine(
    process: dict[str, Any], demo_settings: Settings
) -> None:
    """`app` is our program and ComfyUI's web application. Neither has a use in an engine: it serves nothing."""
    checkout = demo_settings.comfyui_dir
    there = {file.stem for file in checkout.glob("*.py")} | {
        file.parent.name for file in checkout.glob("*/__init__.py")
    }
    there |= {folder.name for folder in checkout.iterdir() if folder.is_dir()}
    assert set(FLOOR) & there <= {"app", "models"}  # its `models` holds no module: ours is a package and wins
    assert not list((checkout / "models").rglob("*.py"))
    assert "app" not in process["imported"]


def test_another_version_of_comfyui_is_refused_in_words(demo_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "comfyui_version.py").write_text('__version__ = "0.99.0"\n')
    settings = demo_settings.model_copy(update={"comfyui_dir": tmp_path, "home": tmp_path})
    command = [sys.executable, "-c", CHILD, settings.model_dump_json()]
    ended = subprocess.run(command, cwd=PROJECT, env=os.environ, capture_output=True, text=True, timeout=60)
    assert f"has the version 0.99.0; this Kinora needs {patches.WRITTEN_FOR['ComfyUI']}" in ended.stderr
