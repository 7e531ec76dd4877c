"""Finds model files: in the folders that the engine searches, and in other folders, from which a file can be linked."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub.file_download import repo_folder_name

from errors import DownloadError, InvalidInputError
from host import on_a_space
from models import hub
from models.registry import ModelFile
from safe_names import is_model
from settings import Settings

# The subfolders of its models folder in which ComfyUI 0.30.0 looks for each kind (folder_paths.py, nodes.py VAELoader).
_ALIASES = {
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("diffusion_models", "unet"),
    "controlnet": ("controlnet", "t2i_adapter"),
    "vae": ("vae", "vae_approx"),
}
_LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}  # folder_paths.map_legacy


class Places:
    """The places of model files under one set of settings. Each call looks at the disk, because files come and go."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def target(self, file: ModelFile) -> Path:
        """Returns where the file belongs in Kinora's own models folder."""
        return self._settings.models_dir / file.folder / file.name

    def loadable(self, file: ModelFile) -> Path | None:
        """Returns the path at which the engine finds the file (see backend/comfy/startup.py), or None.

        A link to a file that no longer exists does not count.
        """
        own = [self._settings.models_dir / name for name in _aliases(file)]
        if self._settings.use_demo:
            return _first(own, file)
        named = [root / file.folder for root in self._settings.models_dirs]
        return _first([*own, *self._extra_folders.get(file.folder, []), *named], file)

    def listed(self, folder: str) -> list[str]:
        """Returns the sorted names of the model files that the engine finds for a kind, such as "loras"."""
        roots = [self._settings.models_dir / folder]
        if not self._settings.use_demo:
            roots += [*self._extra_folders.get(folder, []), *(root / folder for root in self._settings.models_dirs)]
        found = [(root, file) for root in roots for file in root.rglob("*") if is_model(file.name)]
        return sorted({file.relative_to(root).as_posix() for root, file in found})

    def linkable(self, file: ModelFile) -> Path | None:
        """Returns where the file is outside the engine's folders, or None.

        Such places are folders with ComfyUI's older names, and the Hugging Face cache.
        """
        if self._settings.use_demo:
            return None
        older = [root / name for root in self._settings.models_dirs for name in _aliases(file)]
        return _first(older, file) or _in_hub_cache(file)

    def link(self, file: ModelFile, source: Path) -> None:
        """Links `source` to the place where the engine looks for the file, without copying it.

        A link to a file that no longer exists is replaced. On a Space a hard link is tried first, because the platform
        may delete the cache that it filled when the Space was built. Raises DownloadError.
        """
        target = self.target(file)
        temporary = target.with_name(f"{target.name}.{os.getpid()}.link")
        ways = [lambda: temporary.symlink_to(source.absolute()), lambda: os.link(source.resolve(), temporary)]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
            first, second = reversed(ways) if on_a_space() else ways
            try:
                first()
            except OSError:  # hard links need the same disk; on Windows symbolic links need administrators' rights
                second()
            os.replace(temporary, target)
        except OSError as error:
            raise DownloadError(
                f"{source} cannot be linked into {target.parent}: {error.strerror}.",
                f"Copy the file there, or name its models folder in {_setting('models_dirs')}.",
                str(error),
            ) from error

    @cached_property
    def _extra_folders(self) -> dict[str, list[Path]]:
        """The folders of each kind in extra_model_paths.yaml, read as ComfyUI's utils/extra_config.py reads them."""
        config = self._settings.extra_model_paths
        if config is None:
            return {}
        try:
            sections = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
            folders: dict[str, list[Path]] = {}
            section: dict[str, Any]
            for section in filter(None, sections.values()):
                stated = os.path.expandvars(os.path.expanduser(section.get("base_path", "")))
                base = config.absolute().parent / stated
                for name in section.keys() - {"base_path", "is_default"}:
                    lines = filter(None, section[name].split("\n"))
                    folders.setdefault(_LEGACY.get(name, name), []).extend(base / line for line in lines)
        except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise InvalidInputError(
                f"{config} cannot be read as an extra_model_paths file.",
                "extra_model_paths",
                f"Correct it, or unset {_setting('extra_model_paths')}. {error}",
            ) from error
        return folders


def _aliases(file: ModelFile) -> tuple[str, ...]:
    return _ALIASES.get(file.folder, (file.folder,))


def _first(folders: list[Path], file: ModelFile) -> Path | None:
    return next((path for folder in folders if (path := folder / file.name).is_file()), None)


def _in_hub_cache(file: ModelFile) -> Path | None:
    """Returns the newest copy in the Hugging Face cache, or None.

    For a pinned file, the copy must have the same revision or the same content.
    """
    if not file.repo:
        return None
    snapshots = hub.cache_dir() / repo_folder_name(repo_id=file.repo, repo_type="model") / "snapshots"
    copies = {revision: revision / file.path for revision in snapshots.glob("*")}
    present = [(path.stat().st_mtime, revision, path) for revision, path in copies.items() if path.is_file()]
    for _, revision, path in sorted(present, reverse=True):
        # The cache names its blobs by their etags, and the etag of a large file is the SHA-256 of its content.
        if file.revision in (None, revision.name) or path.resolve().name == file.sha256:
            return path
    return None


def _setting(name: str) -> str:
    return f"KINORA_{name.upper()}"
