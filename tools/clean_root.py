"""Builds and runs the container image without a container engine: python tools/clean_root.py WORK (as root, on Linux)

Every step of the Dockerfile runs in a clean Ubuntu made by debootstrap, in place of the image that FROM names. Then the
image's command runs as its user and as process 1, without any network but its own loopback, makes a clip over REST and
is stopped. It exits with 1 if a figure misses its limit. Needs debootstrap, util-linux, iproute2 and curl, about 12 GB
in WORK, and half an hour on a slow machine.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # run as a script, only tools/ is on it

from tools.roots import Host, Root, build  # noqa: E402

MIRROR = "http://archive.ubuntu.com/ubuntu"
SUITE = "noble"  # the Ubuntu of the image in the Dockerfile
# Debian's debootstrap does not know each release of Ubuntu by name; they are all made as this one.
SCRIPT = "/usr/share/debootstrap/scripts/gutsy"
TORCH = ("torch", "torchgen", "functorch", "nvidia", "triton", "cuda")  # what torch's CUDA wheels unpack to
PAGE = "http://127.0.0.1:7860/"
LOGIN = {"KINORA_USER": "someone", "KINORA_PASSWORD": "something"}
START_TIMEOUT = 180.0  # seconds
STOP_TIMEOUT = 10.0  # seconds; what a container engine grants before it kills
GB_BESIDE_TORCH = 1.5  # how much larger than torch's CUDA wheels the image may be

Figures = dict[str, float]


def main(
    work: Annotated[Path, typer.Argument(help="An empty folder to work in; what is in it afterwards may be deleted.")],
    env: Annotated[list[str], typer.Option(help="NAME=VALUE for the build's steps, as for pip's index.")] = [],  # noqa: B006
    bind: Annotated[list[str], typer.Option(help="SOURCE:PLACE, a file or folder lent to the build's steps.")] = [],  # noqa: B006
    keyring: Annotated[Path | None, typer.Option(help="Ubuntu's archive keys, for debootstrap.")] = None,
) -> None:
    """Build the image's root, run it, print the figures as JSON and write them to WORK/figures.json."""
    work.mkdir(parents=True, exist_ok=True)
    binds = {place: Path(source) for source, _, place in (each.rpartition(":") for each in bind)}
    host = Host(work / "caches", dict(each.split("=", 1) for each in env), binds)
    root = build(PROJECT, _bootstrap(work / "base", keyring), work, host)
    figures: Figures = _sizes(root) | _try(root, work / "app.log")
    (work / "figures.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    print(json.dumps(figures, indent=2))
    missed = [name for name, reached in _limits(figures).items() if not reached]
    if missed:
        sys.exit(f"Missed: {', '.join(missed)}")


def _bootstrap(folder: Path, keyring: Path | None) -> Path:
    """A minimal Ubuntu, as its official image is made."""
    options = ["--variant=minbase", "--components=main,universe", *([f"--keyring={keyring}"] if keyring else [])]
    print(f"Making a clean Ubuntu {SUITE} ...", flush=True)
    with (folder.parent / "debootstrap.log").open("w") as log:
        command = ["debootstrap", *options, SUITE, str(folder), MIRROR, SCRIPT]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    # As in the official image: apt keeps nothing of what it fetches and of what it makes of that.
    options = 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\nAPT::Keep-Downloaded-Packages "false";\n'
    (folder / "etc/apt/apt.conf.d/docker-clean").write_text(options, encoding="ascii")
    for place in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(folder / place)
    (folder / "var/cache/apt/archives/partial").mkdir(parents=True)
    (folder / "var/lib/apt/lists/partial").mkdir(parents=True)
    return folder


def _sizes(root: Root) -> Figures:
    """How many GB (10^9 bytes) each part of the image takes on disk."""
    packages = next(root.inside("/venv/lib").glob("python*/site-packages"))
    torch = _gigabytes(*(packages / name for name in TORCH if (packages / name).exists()))
    venv, comfyui, app = (_gigabytes(root.inside(place)) for place in ("/venv", "/kinora/comfyui", "/kinora"))
    total = _gigabytes(root.folder)
    parts = {
        "torch and CUDA from wheels": torch,
        "other Python packages": venv - torch,
        "ComfyUI": comfyui,
        "Kinora": app - comfyui,
        "Ubuntu and Python": total - venv - app,
        "all": total,
    }
    return {f"GB {name}": round(size, 3) for name, size in parts.items()}


def _gigabytes(*folders: Path) -> float:
    counted = subprocess.run(
        ["du", "--summarize", "--total", "--one-file-system", "--block-size=1", *map(str, folders)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(counted.stdout.splitlines()[-1].split()[0]) / 1e9


def _limits(figures: Figures) -> dict[str, bool]:
    """The limits of the image's figures, and whether each is met."""
    return {
        "the image is small": figures["GB all"] - figures["GB torch and CUDA from wheels"] < GB_BESIDE_TORCH,
        "the page is served soon": figures["s until the page is served, nothing cached"] < 30,
        "a clip is made": figures["bytes of the clip"] > 10_000,
        "it stops in time": figures["s from SIGTERM to the end"] < STOP_TIMEOUT,
        "it ends well": figures["exit code"] == 0,
    }


def _try(root: Root, log: Path) -> Figures:
    """Starts the image's command, waits for page and health check, generates a clip, and stops it; seconds of each."""
    _forget(root.folder)
    started = time.monotonic()
    with log.open("w") as output:
        command = root.starting(root.command, LOGIN, {}, network=False)
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _until(lambda: bool(_children(process.pid)), started)
        first = _children(process.pid)[0]
        page = _until(lambda: _page_is_served(first), started)
        healthy = _until(lambda: _exec(root, first, root.health).returncode == 0, started)
        clip = "python cli.py generate t2v --prompt kite --seconds 1 --out /data/clip.mp4 --json"
        made = _exec(root, first, shlex.split(clip))
        if made.returncode:
            raise RuntimeError(f"No clip was made: {made.stdout}{made.stderr}")
        clip_after = time.monotonic() - started
        stopping = time.monotonic()
        os.kill(first, signal.SIGTERM)
        code = process.wait(STOP_TIMEOUT)
        stopped = time.monotonic() - stopping
    finally:
        process.kill()
        process.wait()
        print(log.read_text(encoding="utf-8"), flush=True)
    return {
        "s until the page is served, nothing cached": round(page, 1),
        "s until healthy": round(healthy, 1),
        "s until a first clip": round(clip_after, 1),
        "bytes of the clip": root.inside("/data/clip.mp4").stat().st_size,
        "s from SIGTERM to the end": round(stopped, 1),
        "exit code": code,
    }


def _until(happened: Callable[[], bool], started: float) -> float:
    """Seconds from `started` on. Raises TimeoutError."""
    while not happened():
        if time.monotonic() - started > START_TIMEOUT:
            raise TimeoutError(f"Kinora was not there after {START_TIMEOUT:.0f} s.")
        time.sleep(0.05)
    return time.monotonic() - started


def _page_is_served(process: int) -> bool:
    login = f"{LOGIN['KINORA_USER']}:{LOGIN['KINORA_PASSWORD']}"
    curl = ["curl", "--silent", "--fail", "--user", login, "--output", os.devnull, PAGE]
    return subprocess.run(["nsenter", f"--target={process}", "--net", *curl], check=False).returncode == 0


def _exec(root: Root, process: int, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs another program in a started root, as Docker runs a health check."""
    entering = ["nsenter", f"--target={process}", "--mount", "--net", "--pid", *root.entering(command)]
    return subprocess.run(entering, capture_output=True, text=True, check=False)


def _children(process: int) -> list[int]:
    """The process ids, on this machine, of the programs that a process has started."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def _forget(folder: Path) -> None:
    """Makes the system drop these files from its memory, so that the start reads them from the disk."""
    os.sync()
    for parent, _, files in os.walk(folder):
        for name in files:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    typer.run(main)
