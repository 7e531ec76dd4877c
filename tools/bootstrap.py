"""Sets Kinora up and starts it: `bash setup.sh [run | test | help]`. Python's standard library only.

What has been done is written to a stamp in `.venv` after it is done, so whatever was interrupted is found and made
again, and a run with nothing to do only compares.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from comfyui import install  # noqa: E402  the project is not on the path of a script in tools/

VENV = PROJECT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "kinora.json"
CHOSEN = PROJECT / "requirements-dev.txt"  # which takes in the next
NEEDED = PROJECT / "requirements.txt"
LOCK = PROJECT / "requirements.lock"

USAGE = """\
bash setup.sh                  set Kinora up, or repair it
bash setup.sh run [options]    set up what is missing and start the app
bash setup.sh test [options]   set up what is missing and run the tests (options are pytest's)

KINORA_PYTHON       the Python to use (3.11 or newer)
KINORA_COMFYUI_DIR  a ComfyUI checkout to use instead of fetching one"""


class DownloadError(install.SetupError):
    """pip gave up before it touched `.venv`, so what is there can be used and completed."""


def main(arguments: list[str]) -> int:
    """Does what the command line asks for; returns the exit code (that of the app or of pytest, where one ran)."""
    command, options = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    if command not in ("", "run", "test") or (options and not command):
        print(f"Unknown command: {command}\n\n{USAGE}", file=sys.stderr)
        return 2
    try:
        set_up()
    except install.SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nSet-up stopped at a file: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    if command == "run":
        return start([str(PROJECT / "app.py"), *options])
    if command == "test":
        os.chdir(PROJECT)
        return start(["-m", "pytest", *options])
    print("Kinora is set up. Next: bash setup.sh run\nThen open the address it prints (http://127.0.0.1:7860).")
    return 0


def set_up() -> None:
    """Makes `.venv` and ComfyUI what requirements.lock and comfyui/pin.toml say. Raises SetupError."""
    chosen = install.chosen_checkout()
    if is_ready() and (chosen or install.is_current()):
        return
    with install.exclusive():
        if not is_ready():
            make_environment()
        if not chosen and not install.is_current():
            install.install(str(PYTHON))


def is_ready() -> bool:
    """Whether `.venv` is whole and holds the packages of these requirements. Takes about a millisecond."""
    stamp = read_stamp()
    return stamp.get("requirements") == requirements_hash() and not is_broken(stamp) and not missing(stamp)


def is_broken(stamp: dict) -> bool:
    """Whether only making `.venv` again helps: never finished, cut off inside pip, its Python gone or not wanted."""
    if stamp.get("state") != "whole" or not PYTHON.exists():
        return True
    if os.environ.get("KINORA_PYTHON") and stamp["python"] != python_version():
        return True
    # A missing folder of a package is nothing that pip would notice: it only reads the records (.dist-info).
    return any(not name.endswith(".dist-info") for name in missing(stamp))


def missing(stamp: dict) -> set[str]:
    """What was in site-packages after the last installation and is not there now."""
    return set(stamp.get("contents", ())) - contents()


def make_environment() -> None:
    """Builds `.venv` where it is missing or broken, then installs what the requirements name."""
    stamp = read_stamp()
    if is_broken(stamp):
        create_venv()
        stamp = {"python": python_version()}
    print("Installing Kinora's packages into .venv: about 2.6 GB to download, 6 GB on disk ...", flush=True)
    # Killed from here on, pip leaves packages that are neither whole nor missing: "whole" is only written after it.
    write_stamp({**stamp, "state": "installing"})
    try:
        pip_install()
    except DownloadError:
        write_stamp({**stamp, "state": "whole", "contents": sorted(contents()), "requirements": ""})
        raise
    write_stamp({**stamp, "state": "whole", "contents": sorted(contents()), "requirements": requirements_hash()})


def create_venv() -> None:
    """An empty `.venv` with pip. Raises SetupError."""
    print(f"Making .venv with Python {python_version()} ...", flush=True)
    if VENV.is_symlink():
        VENV.unlink()  # what it points to is not ours to delete
    elif VENV.exists():
        shutil.rmtree(VENV)
    try:
        install.run([sys.executable, "-m", "venv", str(VENV)], PROJECT)
    except install.SetupError as error:
        raise install.SetupError(
            f"{sys.executable} could not make a virtual environment:\n{error}\n"
            f"On Debian and Ubuntu, `apt install python{python_version()}-venv` brings what is missing; elsewhere, set"
            " KINORA_PYTHON to another Python."
        ) from error


def pip_install() -> None:
    """Installs the chosen packages, the lock deciding every version.

    Raises SetupError with pip's last lines, DownloadError when pip had not touched `.venv` yet.
    The lock is a constraint and not a list, so each platform takes of it what it needs.
    """
    command = [PYTHON, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    last: deque[str] = deque(maxlen=12)
    failure = DownloadError
    with subprocess.Popen(
        [*map(str, command), "--requirement", str(CHOSEN), "--constraint", str(LOCK)],
        cwd=PROJECT,
        close_fds=False,  # see install.exclusive
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        for line in pip.stdout:
            last.append(line.rstrip())
            large = re.match(r"\s*Downloading (\S+) \((\d{3,}\.?\d* MB)\)", line)
            if large:
                print(f"  {large[1].split('/')[-1]}, {large[2]}", flush=True)
            elif line.startswith("Installing collected packages"):
                print("  unpacking", flush=True)
                failure = install.SetupError
    if pip.returncode < 0:
        raise KeyboardInterrupt  # killed: what it left cannot be trusted
    if pip.returncode:
        raise failure(
            "pip could not install Kinora's packages. Its last lines:\n  "
            + "\n  ".join(last)
            + "\nCheck the network (and pip's index settings) and the disk, then run the same command again."
        )


def start(arguments: list[str]) -> int:
    """Hands over to the environment's Python, signals and exit code included."""
    if os.name != "nt":  # there, exec returns to the prompt at once
        os.execv(PYTHON, [str(PYTHON), *arguments])
    return subprocess.call([str(PYTHON), *arguments])


def python_version() -> str:
    """Of the Python that runs this, as in "3.11": packages are built for such a version."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def requirements_hash() -> str:
    """Changes with any of the pins."""
    return hashlib.sha256(CHOSEN.read_bytes() + NEEDED.read_bytes() + LOCK.read_bytes()).hexdigest()


def contents() -> set[str]:
    """The names in site-packages, without what comes and goes."""
    folders = (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages"))
    return {name for folder in folders for name in os.listdir(folder) if name[0] not in "_~"}


def read_stamp() -> dict:
    """What the last set-up wrote; empty where there was none or it was cut off."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: dict) -> None:
    """In one step: a reader sees the old one or the new one."""
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps(stamp), encoding="utf-8")
    os.replace(draft, STAMP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
