"""A Kinora of a few kilobytes to set up for real: the true set-up files around tiny packages and a tiny ComfyUI."""

import base64
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SET_UP_FILES = ("setup.sh", "tools/bootstrap.py", "tools/programs.py", "comfyui/install.py")

COMFYUI = {
    "comfyui_version.py": '__version__ = "9.9.0"\n',
    "execution.py": "",
    "nodes.py": "",
    "folder_paths.py": "",
    "comfy/sd.py": "",
    "comfy_extras/nodes_lt.py": "",
}


def make_project(folder: Path) -> Path:
    """Copies the set-up's own files into an otherwise empty project."""
    for name in SET_UP_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Writes texts under their relative paths."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_pin(project: Path, repository: object, commit: str = "0" * 40, sha256: str = "0" * 64) -> None:
    """A pin.toml for the tiny ComfyUI 9.9.0; what is not given does not exist."""
    text = f"""
        version = "9.9.0"
        git = {{ repository = "{repository}", commit = "{commit}" }}
        archive = {{ package = "tiny-engine", version = "1.0", sha256 = "{sha256}", folder = "vendor/ComfyUI" }}
    """
    (project / "comfyui/pin.toml").write_text(text, encoding="utf-8")


def commit_all(repository: Path) -> str:
    """Commits what lies in the folder, making a repository of it if need be; returns the commit."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments]
        ended = subprocess.run(command, cwd=repository, env=environment(), check=True, capture_output=True, text=True)
        return ended.stdout.strip()

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "state")
    return git("rev-parse", "HEAD")


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> None:
    """A wheel as pip takes it (PEP 427)."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text.encode())}\n"
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")


def write_sdist(folder: Path, files: dict[str, str]) -> str:
    """The source distribution `tiny-engine` 1.0 with these files under vendor/ComfyUI; returns its SHA-256.

    When any of its code runs, it makes the file that the environment's TINY_ENGINE_RAN names.
    """
    metadata = "Metadata-Version: 2.1\nName: tiny-engine\nVersion: 1.0\nRequires-Python: >=4\n"
    backend = f"""
import os

open(os.environ.get("TINY_ENGINE_RAN", os.devnull), "w").close()

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    os.makedirs(os.path.join(folder, "tiny_engine-1.0.dist-info"))
    with open(os.path.join(folder, "tiny_engine-1.0.dist-info", "METADATA"), "w") as file:
        file.write({metadata!r})
    return "tiny_engine-1.0.dist-info"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise RuntimeError("nothing is ever built of it")
"""
    everything = {
        "PKG-INFO": metadata,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": backend,
        **{f"vendor/ComfyUI/{name}": text for name, text in files.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "tiny_engine-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in everything.items():
            member = tarfile.TarInfo(f"tiny_engine-1.0/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def environment(**changes: object) -> dict[str, str]:
    """This machine's environment, without its settings of pip, git and Kinora. Only its browser stays chosen."""
    unset = ("PIP_", "GIT_", "KINORA_", "PYTHON")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unset) or k == "KINORA_CHROMIUM"}
    kept |= {"PIP_CONFIG_FILE": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull, "KINORA_PYTHON": sys.executable}
    return kept | {name: str(value) for name, value in changes.items()}


def kill_when(command: list[str], env: dict[str, str], happened: Callable[[], bool]) -> None:
    """Starts a program and kills it, and all that it started, the hard way, as soon as something has happened."""
    process = subprocess.Popen(
        command, env=env, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not happened():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
