"""What makes this folder a Hugging Face Space, and what is different there."""

import os
import time
from pathlib import Path

import pytest
import yaml

import modes
from jobs.files.outputs import Outputs
from models.locate import Places
from models.registry import ModelFile, read
from settings import PROJECT, Settings
from tools import space_card

README = (PROJECT / "README.md").read_text(encoding="utf-8")
CARD = yaml.safe_load(README.split("---\n")[1])


def test_the_readme_says_what_the_registry_and_the_requirements_say() -> None:
    assert README.startswith(space_card.card()), "run tools/space_card.py"
    assert f"gradio=={CARD['sdk_version']}" in (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert (PROJECT / CARD["app_file"]).is_file()


def test_what_is_preloaded_is_within_the_hubs_limits_and_all_of_it_is_used() -> None:
    entries = CARD["preload_from_hub"]
    assert len(entries) <= 10
    listed = {(entry.split()[0], path) for entry in entries for path in entry.split()[1].split(",")}
    known = {(file.repo, file.path) for file in read()}
    assert listed <= known
    used = [file for mode in space_card.PRELOADED for file in space_card.files(modes.get(mode))]
    assert listed <= {(file.repo, file.path) for file in used}


@pytest.mark.parametrize("space", [True, False])
def test_a_preloaded_file_becomes_a_hard_link_on_a_space_and_a_symbolic_one_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: bool
) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    if space:
        monkeypatch.setenv("SPACE_ID", "somebody/kinora")
    cached = tmp_path / "hub" / "weights.safetensors"
    cached.parent.mkdir()
    cached.write_bytes(b"weights")
    places = Places(Settings(home=tmp_path / "home", demo="never", device="cpu"))
    file = ModelFile("vae", "weights.safetensors", "", "", None, None, None)
    places.link(file, cached)
    assert places.target(file).is_symlink() != space
    cached.unlink()
    assert places.target(file).is_file() == space


def test_old_results_go_and_new_ones_and_what_is_not_ours_stay(tmp_path: Path) -> None:
    outputs = Outputs(Settings(home=tmp_path))
    old, new, other = (outputs.folder / name for name in ("2026-01-01/a.mp4", "2026-01-02/b.mp4", "mine/c.mp4"))
    for file in (old, new, other):
        file.parent.mkdir(parents=True)
        file.touch()
    for file in (old, other):
        os.utime(file, (time.time() - 90_000, time.time() - 90_000))
    outputs.prune(hours=24)
    assert [file.exists() for file in (old, new, other)] == [False, True, True]
