"""The command line that ComfyUI gets from the settings, as its own parser reads it."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.comfy.startup import comfy_args
from settings import PROJECT, Settings

PARSE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from comfy.cli_args import enables_dynamic_vram, parser
print(json.dumps([vars(parser.parse_args(each)) for each in json.loads(sys.argv[2])], default=str))
"""
ALWAYS = {"disable_all_custom_nodes": True, "disable_api_nodes": True}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"device": "cuda"}, {"cpu": False, "highvram": False, "lowvram": False, "novram": False, "cuda_device": None}),
    ({"device": "cuda", "memory": "high"}, {"highvram": True}),
    ({"device": "cuda", "memory": "low"}, {"lowvram": True}),
    ({"device": "cuda", "memory": "none"}, {"novram": True}),
    ({"device": "cpu"}, {"cpu": True}),
    ({"device": "cpu", "memory": "high"}, {"cpu": True, "highvram": False}),
    ({"device": "cpu", "memory": "low"}, {"cpu": True, "lowvram": False}),
    ({"device": "cpu", "memory": "none"}, {"cpu": True, "novram": False}),
    ({"precision": "auto"}, {"force_fp32": False, "force_fp16": False, "bf16_unet": False, "fp8_e4m3fn_unet": False}),
    ({"precision": "fp32"}, {"force_fp32": True}),
    ({"precision": "bf16"}, {"bf16_unet": True}),
    ({"precision": "fp16"}, {"force_fp16": True}),
    ({"precision": "fp8"}, {"fp8_e4m3fn_unet": True}),
    ({"reserve_vram_gb": 0.0}, {"reserve_vram": None}),
    ({"reserve_vram_gb": 1.5}, {"reserve_vram": 1.5}),
    ({"device": "cuda", "cuda_device": "1"}, {"cuda_device": "1"}),
    ({"device": "cuda", "cuda_device": "0,2"}, {"cuda_device": "0,2"}),
    ({"zerogpu": False}, {"disable_dynamic_vram": False}),
    ({"zerogpu": True}, {"disable_dynamic_vram": True}),
]


@pytest.fixture(scope="module")
def parsed(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What ComfyUI's parser makes of each case, all in one process."""
    home = tmp_path_factory.mktemp("home")
    for name in ("models", "demo_models", "comfyui"):  # the parser refuses folders that do not exist
        (home / name).mkdir()
    lists = [comfy_args(Settings.model_validate({"home": home, "device": "cpu"} | settings)) for settings, _ in CASES]
    command = [sys.executable, "-c", PARSE, str(demo_settings.comfyui_dir), json.dumps(lists)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(settings) for settings, _ in CASES])
def test_a_setting_becomes_comfyuis_argument(parsed: list[dict[str, Any]], number: int) -> None:
    found = parsed[number]
    wanted = ALWAYS | CASES[number][1]
    assert {name: found[name] for name in wanted} == wanted


def test_folders_are_those_of_the_home_and_of_extra_model_paths(tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    arguments = comfy_args(Settings(home=tmp_path, device="cpu", demo="never", extra_model_paths=extra))
    pairs = dict(itertools.pairwise(arguments))
    assert pairs["--base-directory"] == str(tmp_path / "comfyui")
    assert pairs["--models-directory"] == str(tmp_path / "models")
    assert pairs["--extra-model-paths-config"] == str(extra)
