"""The models room: what a graph needs, where it is found, and what the registry holds. No network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download
from support.hub_server import Hub, Stored

from errors import InvalidInputError, MissingModelError
from models import Models, registry
from models.registry import ModelFile
from safe_names import is_model
from settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
COMFYUI = Path(os.environ.get("KINORA_COMFYUI_DIR", PROJECT / "comfyui" / "source"))
LORA = "ltx2-squish.safetensors"
LORA_REPO, LORA_PATH = "Comfy-Org/ltx-2", "split_files/loras/ltx2-squish.safetensors"


def graph(**models):
    """A graph with one LoRA loader for each name."""
    return {
        node: {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": name, "model": ["x", 0]}}
        for node, name in models.items()
    }


def put(path, content=b"weights"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture(autouse=True)
def hub_cache(home, tmp_path, monkeypatch):
    cache = tmp_path / "hub_cache"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")  # a request to the Hub fails
    return cache


def test_registry_rows_are_unique_safe_and_complete():
    files = registry.read()
    assert len({file.name for file in files}) == len(files) > 150
    for file in files:
        assert file.folder
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", file.repo)
        assert is_model(file.name)
        assert is_model(file.path)
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)


def test_registry_survives_a_round_trip(tmp_path):
    files = [
        ModelFile("loras", "a.safetensors", "o/r", "x/a.safetensors", "c" * 40, 12, "a" * 64),
        ModelFile("vae", "b.safetensors", "o/r", "b.safetensors", None, None, None),
    ]
    registry.write(files, tmp_path / "t.tsv")
    assert registry.read(tmp_path / "t.tsv") == files
    registry.write(registry.read(), tmp_path / "all.tsv")
    assert (tmp_path / "all.tsv").read_bytes() == registry.REGISTRY.read_bytes()


def test_every_model_input_of_comfyui_is_known_with_its_folder():
    checked = 0
    listing = re.compile(r'"(\w+)"\s*(?::\s*\(|,\s*options=)\s*folder_paths\.get_filename_list\("(\w+)"\)')
    for source in [COMFYUI / "nodes.py", *(COMFYUI / "comfy_extras").glob("*.py")]:
        text = source.read_text(encoding="utf-8")
        for match in listing.finditer(text):
            node = re.findall(r"^class (\w+)", text[: match.start()], re.MULTILINE)[-1]
            if match[2] != "configs":
                assert registry.folder_of(node, match[1]) == match[2], (source.name, node, match[1])
                checked += 1
    assert checked > 25


def test_needed_files_are_unique_and_in_graph_order():
    models = Models(Settings(demo="never"))
    two = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "own.safetensors"}},
        "2": {"class_type": "LTXVAudioVAELoader", "inputs": {"ckpt_name": "own.safetensors"}},
        "3": {"class_type": "LoraLoaderModelOnly", "inputs": {"lora_name": LORA}},
        "4": {"class_type": "VAELoader", "inputs": {"vae_name": "pixel_space"}},
    }
    assert models.needed(two) == [
        ModelFile("checkpoints", "own.safetensors", "", "", None, None, None),
        next(file for file in registry.read() if file.name == LORA),
    ]
    assert models.needed(two, two) == models.needed(two)


def test_prompts_are_never_taken_for_models():
    prompts = ["model.bin", "a poster that says wan.safetensors", "../x.ckpt"]
    nodes = {str(i): {"class_type": "CLIPTextEncode", "inputs": {"text": text}} for i, text in enumerate(prompts)}
    assert Models(Settings(demo="never")).needed(nodes) == []


@pytest.mark.parametrize("name", ["a.ckpt", "a.pt", "a.PTH", "a.bin", "sub/a.pkl"])
def test_pickles_are_refused_in_words(name):
    with pytest.raises(InvalidInputError, match=r"can run code"):
        Models(Settings(demo="never")).needed(graph(a=name))


@pytest.mark.parametrize(
    "name", ["../a.safetensors", "/etc/a.safetensors", "x/../../a.sft", "..\\a.safetensors", "C:\\a.safetensors"]
)
def test_names_that_leave_the_folder_are_refused(name):
    with pytest.raises(InvalidInputError, match="not the name of a file"):
        list(Models(Settings(demo="never")).ensure(graph(a=name)))


@pytest.mark.parametrize("folder", ["text_encoders", "clip"])
def test_own_models_folder_is_used_as_it_is(home, folder):
    settings = Settings(demo="never")
    path = put(settings.models_dir / folder / "t5.safetensors")
    loader = {"1": {"class_type": "CLIPLoader", "inputs": {"clip_name": "t5.safetensors"}}}
    models = Models(settings)
    assert models.locate(models.needed(loader)[0]) == path
    assert list(models.ensure(loader)) == []
    assert models.missing(loader) == []


def test_comfyui_models_folder_is_used_and_never_written_to(home, tmp_path):
    theirs = tmp_path / "ComfyUI" / "models"
    lora = put(theirs / "loras" / "mine" / "style.safetensors")
    settings = Settings(demo="never", models_dirs=[theirs])
    models = Models(settings)
    assert list(models.ensure(graph(a="mine/style.safetensors"))) == []
    assert models.locate(models.needed(graph(a="mine/style.safetensors"))[0]) == lora
    assert [path for path in theirs.rglob("*") if path.is_file()] == [lora]
    assert not settings.models_dir.exists()


def test_old_folder_name_is_linked_to_where_the_engine_looks(home, tmp_path):
    unet = put(tmp_path / "models" / "unet" / "wan.safetensors")
    settings = Settings(demo="never", models_dirs=[tmp_path / "models"])
    loader = {"1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan.safetensors"}}}
    assert list(Models(settings).ensure(loader)) == []
    assert (settings.models_dir / "diffusion_models" / "wan.safetensors").samefile(unet)


def test_extra_model_paths_file_is_read_as_comfyui_reads_it(home, tmp_path):
    lora = put(tmp_path / "webui" / "more" / LORA)
    config = tmp_path / "extra.yaml"
    config.write_text("a:\n  base_path: webui\n  is_default: true\n  loras: |\n    first\n    more\nempty:\n")
    models = Models(Settings(demo="never", extra_model_paths=config))
    assert models.locate(models.needed(graph(a=LORA))[0]) == lora
    config.write_text("- not a mapping\n")
    with pytest.raises(InvalidInputError, match="extra_model_paths"):
        Models(Settings(demo="never", extra_model_paths=config)).missing(graph(a=LORA))


def test_file_of_the_hub_cache_is_linked_not_copied(home, hub_cache, monkeypatch):
    with Hub() as hub:
        hub.add(LORA_REPO, LORA_PATH, Stored(b"cached weights"))
        cached = hf_hub_download(LORA_REPO, LORA_PATH, cache_dir=hub_cache, endpoint=hub.url)
    settings = Settings(demo="never")
    models = Models(settings)
    assert models.locate(models.needed(graph(a=LORA))[0]) == Path(cached)
    assert list(models.ensure(graph(a=LORA))) == []
    link = settings.models_dir / "loras" / LORA
    assert link.samefile(cached)
    assert list(link.parent.iterdir()) == [link]
    assert list(models.ensure(graph(a=LORA))) == []


def test_hub_cache_of_hf_home_is_found(home, tmp_path):
    """HF_HOME is read when huggingface_hub is imported, so this takes a process of its own."""
    place = "hub/models--Comfy-Org--ltx-2/snapshots/abc"
    cached = put(tmp_path / "hf" / place / LORA_PATH)
    code = f"""
from models import Models
from settings import Settings
models = Models(Settings(demo="never"))
print(models.locate(models.needed({graph(a=LORA)!r})[0]))
import sys
assert "torch" not in sys.modules
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_HOME": str(tmp_path / "hf"), "PYTHONPATH": str(PROJECT)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == str(cached)


def test_pinned_file_takes_only_its_own_revision_or_content_from_the_cache(home, hub_cache, tmp_path):
    pinned = ModelFile("loras", "a.safetensors", "o/r", "a.safetensors", "1" * 40, 7, "a" * 64)
    table = tmp_path / "registry.tsv"
    registry.write([pinned], table)
    models = Models(Settings(demo="never"), table)
    snapshots = hub_cache / "models--o--r" / "snapshots"
    put(snapshots / ("2" * 40) / "a.safetensors")
    assert models.locate(pinned) is None
    blob = put(hub_cache / "models--o--r" / "blobs" / ("a" * 64))
    same = snapshots / ("3" * 40) / "a.safetensors"
    same.parent.mkdir()
    same.symlink_to(blob)
    assert models.locate(pinned) == same
    same.unlink()
    right = put(snapshots / ("1" * 40) / "a.safetensors")
    assert models.locate(pinned) == right


def test_dangling_link_counts_as_missing_and_is_replaced(home, hub_cache):
    settings = Settings(demo="never")
    link = settings.models_dir / "loras" / LORA
    link.parent.mkdir(parents=True)
    link.symlink_to(hub_cache / "pruned")
    models = Models(settings)
    assert [file.name for file in models.missing(graph(a=LORA))] == [LORA]
    cached = put(hub_cache / "models--Comfy-Org--ltx-2" / "snapshots" / "abc" / LORA_PATH)
    assert list(models.ensure(graph(a=LORA))) == []
    assert link.samefile(cached)


def test_unknown_and_absent_file_is_named_with_its_folder(home):
    settings = Settings(demo="never")
    with pytest.raises(MissingModelError, match=r"mine\.safetensors") as caught:
        list(Models(settings).ensure(graph(a="mine.safetensors")))
    assert str(settings.models_dir / "loras") in caught.value.hint


def test_demo_mode_looks_only_into_the_demo_folder(home, tmp_path, hub_cache):
    put(tmp_path / "models" / "loras" / LORA)
    put(hub_cache / "models--Comfy-Org--ltx-2" / "snapshots" / "abc" / LORA_PATH)
    settings = Settings(demo="always", models_dirs=[tmp_path / "models"])
    models = Models(settings)
    with pytest.raises(MissingModelError, match="no demo model"):
        list(models.ensure(graph(a=LORA)))
    path = put(settings.models_dir / "loras" / LORA)
    assert models.locate(models.needed(graph(a=LORA))[0]) == path
    assert list(models.ensure(graph(a=LORA))) == []


def test_report_tells_where_and_how_large(home):
    settings = Settings(demo="never")
    path = put(settings.models_dir / "loras" / LORA, b"12345")
    models = Models(settings)
    here, missing = models.report(models.needed(graph(a=LORA, b="mine.safetensors")))
    assert (here.path, here.size) == (path, 5)
    assert (missing.path, missing.size) == (None, None)
    assert len(models.report()) == len(registry.read())


def test_refresh_fills_the_chosen_rows(home, tmp_path):
    table = tmp_path / "registry.tsv"
    rows = [ModelFile("loras", f"{name}.safetensors", "o/r", f"{name}.safetensors", None, None, None) for name in "abc"]
    registry.write(rows, table)
    with Hub() as hub:
        stored = hub.add("o/r", "a.safetensors", Stored(b"weights"))
        hub.add("o/r", "b.safetensors", Stored(b"others"))
        command = [sys.executable, "tools/refresh_models.py", "--registry", table]
        environment = os.environ | {"HF_ENDPOINT": hub.url}
        chosen = subprocess.run(
            [*command, "a.safetensors", "c.safetensors"], cwd=PROJECT, env=environment, capture_output=True, text=True
        )
    assert chosen.returncode == 1
    assert "renamed or removed upstream" in chosen.stderr
    first, *rest = registry.read(table)
    assert (first.revision, first.size, first.sha256) == (stored.commit, 7, stored.sha256)
    assert rest == rows[1:]
    assert hub.transfers == []


def test_the_first_answer_is_recorded_and_reported(home, tmp_path, monkeypatch):
    models = Models(Settings(demo="never"))
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        stored = hub.add(LORA_REPO, LORA_PATH, Stored(b"weights"))
        list(models.ensure(graph(a=LORA)))
    lock = json.loads((home / "models.lock.json").read_text())
    assert lock == {f"{LORA_REPO}/{LORA_PATH}": {"revision": stored.commit, "size": 7, "sha256": stored.sha256}}
    (home / "models" / "loras" / LORA).unlink()
    assert models.report(models.needed(graph(a=LORA)))[0].size == 7
