"""Demo models: tiny checkpoints of all families, which ComfyUI's own loaders, samplers and VAEs run.

Their architectures and file names are the real ones; their sizes are small. LTX-2.3's transformer, words and some LoRAs
are trained (see `trained` and docs/demo-models.md). Its VAEs, upsampler and vocoder have weights that were fitted or
computed, and so has everything in the other families that makes a result follow its prompt and inputs. All other
weights are random. Every run makes the same bytes.

Importing this package is cheap. `prepare` needs a process in which `backend.comfy.startup.load` has run.
"""

import hashlib
import shutil
from pathlib import Path

from demo_models.files import FILES

STAMP = "recipe.txt"  # in a models folder: the digest of the recipe that its files were made by


def prepare(folder: Path) -> None:
    """Makes ComfyUI accept the demo text encoder and writes the model files that `folder` lacks.

    `folder` has the layout of ComfyUI's models folder. Files of another version of the recipe are replaced. It takes a
    few seconds if a file has to be made, and milliseconds otherwise. Several processes may call it at once: one of them
    writes, and the others wait.
    """
    from demo_models import cogvideo, enhance, qwen, symbols, wan, zimage

    for family in (symbols, wan, qwen, enhance, zimage, cogvideo):
        family.patch_comfyui()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _recipe_digest()
    if not _missing(folder, wanted):
        return
    from filelock import FileLock

    with FileLock(folder / ".lock"):
        _write(folder, _missing(folder, wanted))
        (folder / STAMP).write_text(wanted)


def _missing(folder: Path, wanted: str) -> list[str]:
    """Returns the names in FILES that have to be made: all of them if the folder has another stamp than `wanted`."""
    stamp = folder / STAMP
    if not stamp.is_file() or stamp.read_text() != wanted:
        return list(FILES)
    return [name for name in FILES if not (folder / name).is_file()]


def _write(folder: Path, names: list[str]) -> None:
    """Writes the files. Each gets its name only once it is complete, so an interruption leaves no incomplete file."""
    from demo_models import build

    unfinished = folder / ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in names:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        build.save(FILES[name], unfinished / target.name)
        (unfinished / target.name).replace(target)
    unfinished.rmdir()


def _recipe_digest() -> str:
    """Returns the digest of the recipe: these sources, the trained parts and the version of ComfyUI."""
    import comfyui_version

    digest = hashlib.sha256(comfyui_version.__version__.encode())
    here = Path(__file__).parent
    for source in sorted([*here.glob("*.py"), *here.glob("parts/*.safetensors")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()
