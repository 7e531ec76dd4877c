"""Demo models: tiny checkpoints of all families that ComfyUI's own loaders, samplers and VAEs run.

Architectures and file names are the real ones, the sizes are small. LTX-2.3's transformer, words and some LoRAs are
trained (see `trained` and docs/demo-models.md); its VAEs, upsampler and vocoder, and all that decides whether a run of
another family obeys, have weights that were fitted or worked out; the rest is random. The same bytes come out on every
run.

Importing this package costs nothing; `prepare` needs a process in which `backend.startup.load` has run.
"""

import hashlib
import shutil
from pathlib import Path

from demo_models.files import FILES

STAMP = "recipe.txt"  # digest of the recipe that made the files of a folder


def prepare(folder: Path) -> None:
    """Makes ComfyUI accept the demo text encoder and writes the model files that `folder` lacks.

    `folder` is laid out as ComfyUI's models folder. Files of another version of the recipe are made anew. Takes
    a few seconds when there is something to make, and milliseconds otherwise. Safe when several processes
    call it at once: one writes, the others wait.
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
    """Names in FILES that have to be made: all of them where the stamp is not the wanted one."""
    stamp = folder / STAMP
    if not stamp.is_file() or stamp.read_text() != wanted:
        return list(FILES)
    return [name for name in FILES if not (folder / name).is_file()]


def _write(folder: Path, names: list[str]) -> None:
    """Each file gets its name only when it is complete, so an interruption leaves nothing half made."""
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
    """These sources, the trained parts and ComfyUI's classes are the recipe: any change makes a new version."""
    import comfyui_version

    digest = hashlib.sha256(comfyui_version.__version__.encode())
    here = Path(__file__).parent
    for source in sorted([*here.glob("*.py"), *here.glob("parts/*.safetensors")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()
