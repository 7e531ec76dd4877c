"""The programs that the tests need besides Python packages: finds them, and has apt install those that are missing.

Python's standard library only: set-up runs this before anything is installed.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from comfyui.install import SetupError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
SERVERS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
"""Folders that hold a folder for each version of PostgreSQL, outside of PATH."""
INSTALLERS = {"apt-get": "sudo apt install", "dnf": "sudo dnf install", "brew": "brew install"}
"""The programs that install packages, and what a person types to use them."""


@dataclass(frozen=True)
class Program:
    """What the tests need, how to find it, and the packages that contain it, by the program that installs them."""

    name: str
    find: Callable[[], object]
    packages: dict[str, Sequence[str]] = field(default_factory=dict)


def chromium() -> Path | None:
    """The browser that the tests drive: the one that KINORA_CHROMIUM names, or one that is installed.

    Raises SetupError when KINORA_CHROMIUM names a file that does not exist.
    """
    chosen = os.environ.get("KINORA_CHROMIUM")
    if chosen:
        if not Path(chosen).is_file():
            raise SetupError(f"KINORA_CHROMIUM is set to {chosen}, but there is no such file.")
        return Path(chosen)
    on_path = (shutil.which(name) for name in BROWSERS)
    installed = (path for path in (*on_path, *APPLICATIONS) if path and Path(path).is_file())
    return next(map(Path, installed), None)


def postgresql() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, of the newest PostgreSQL that is installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = [initdb for folder in SERVERS for initdb in Path(folder).glob("*/bin/initdb")]
    # Debian's folders are called 17, Homebrew's postgresql@17.
    return max(found, key=lambda initdb: int("0" + initdb.parts[-3].rpartition("@")[2])).parent if found else None


def needed() -> list[Program]:
    """Everything that the tests need."""
    fonts = ("fonts-liberation", "fonts-noto-color-emoji")
    venv = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"  # Debian's Python comes without it
    return [
        Program("Python's venv module", lambda: importlib.util.find_spec("ensurepip"), {"apt-get": (venv,)}),
        Program("git", lambda: shutil.which("git"), dict.fromkeys(INSTALLERS, ("git",))),
        Program(
            "a Chromium browser",
            chromium,
            {"apt-get": ("chromium", *fonts), "dnf": ("chromium",), "brew": ("chromium",)},
        ),
        Program(
            "PostgreSQL",
            postgresql,
            {"apt-get": ("postgresql",), "dnf": ("postgresql-server",), "brew": ("postgresql",)},
        ),
    ]


def provide() -> None:
    """Installs the missing programs with apt, as root or by a sudo that asks for no password.

    Raises SetupError, whose one sentence says what to install, where that is not possible.
    """
    missing = [program for program in needed() if not program.find()]
    if not missing:
        return
    packages = [package for program in missing for package in program.packages.get("apt-get", ())]
    as_root = _as_root()
    if not shutil.which("apt-get") or as_root is None:
        raise SetupError(_advice(missing))
    print(f"Installing with apt what the tests need: {', '.join(packages)} ...", flush=True)
    options = ["--quiet", "--quiet"]
    _run([*as_root, "apt-get", "update", *options], missing)
    install = ["apt-get", "install", *options, "--yes", "--no-install-recommends", *packages]
    _run([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *install], missing)
    if any(not program.find() for program in missing):
        raise SetupError(_advice(missing))


def _as_root() -> list[str] | None:
    """What to put before a command so that it runs as root; None where this user cannot do so without a password."""
    if os.name == "nt":
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    allowed = shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True).returncode == 0
    return sudo if allowed else None


def _run(command: list[str], missing: Sequence[Program]) -> None:
    """Without its output, which is a page of lines even when apt is asked to be quiet."""
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if ended.returncode:
        raise SetupError(f"{ended.stderr.strip()}\napt could not install it. {_advice(missing)}")


def _advice(missing: Sequence[Program]) -> str:
    """One sentence: what is missing, and the command that installs it."""
    names = " and ".join(filter(None, (", ".join(each.name for each in missing[:-1]), missing[-1].name)))
    installer = next((name for name in INSTALLERS if shutil.which(name)), None)
    packages = [package for program in missing for package in program.packages.get(installer or "", ())]
    how = f"run `{INSTALLERS[installer]} {' '.join(packages)}`" if installer and packages else "install it"
    browser = ", or set KINORA_CHROMIUM to your browser" if any(each.find is chromium for each in missing) else ""
    return f"The tests need {names}: {how}{browser}, then run the same command again."
