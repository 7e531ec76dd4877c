"""Demo models: tiny checkpoints of all families that ComfyUI's own loaders, samplers and VAEs run.

Architectures and file names are the real ones, the sizes are small. Nothing is trained: what decides whether a run
obeys (the video VAE, the video's side of the transformer, the upsampler) has weights that were worked out, see
`picture_code` and `flow`; all else is random. So given pictures and control videos are seen in the result, a prompt
gives it a colour, and without a picture it is soft moving clouds. The same bytes come out on every run.

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

    symbols.replace()
    wan.replace()
    qwen.replace()
    enhance.replace()
    zimage.replace()
    cogvideo.replace()
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
    """These sources and ComfyUI's classes are the recipe: any change of them makes a new version."""
    import comfyui_version

    digest = hashlib.sha256(comfyui_version.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
