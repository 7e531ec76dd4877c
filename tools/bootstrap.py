"""Sets Kinora up and starts it: `bash setup.sh [run | test | help]`. Python's standard library only.

A stamp in `.venv` says which steps are complete. Each step writes it last, so set-up finds an interrupted step and
repeats it, and a run with nothing to do only compares.
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

# A script in tools/ has only tools/ on its path.
from comfyui import install  # noqa: E402
from tools import programs  # noqa: E402

VENV = PROJECT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "kinora.json"
CHOSEN = PROJECT / "requirements-dev.txt"  # it includes the next
NEEDED = PROJECT / "requirements.txt"
LOCK = PROJECT / "requirements.lock"

USAGE = """\
bash setup.sh                  set Kinora up, or repair it
bash setup.sh run [options]    set up what is missing and start the app
bash setup.sh test [options]   set up what is missing, a browser and PostgreSQL included, and run the tests
                               that cover what Kinora promises its users (options are pytest's)
bash setup.sh test --everything [options]
                               run all tests: also the trained demo models, set-up, the container image,
                               a cluster and every size

KINORA_PYTHON       the Python to use (3.11 or newer)
KINORA_COMFYUI_DIR  a ComfyUI checkout to use instead of fetching one
KINORA_CHROMIUM     the browser that the tests use (Chromium or Chrome)"""


class DownloadError(install.SetupError):
    """pip gave up before it touched `.venv`, so the environment can still be used and completed."""


def main(arguments: list[str]) -> int:
    """Does what the command line asks for. Returns the exit code: that of the app or of pytest, where one ran."""
    command, options = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    if command not in ("", "run", "test") or (options and not command):
        print(f"Unknown command: {command}\n\n{USAGE}", file=sys.stderr)
        return 2
    try:
        if command == "test":
            programs.provide()
        set_up()
    except install.SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nSet-up stopped at a file: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to continue.", file=sys.stderr)
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
    """Whether `.venv` is complete and has the packages of these requirements. Takes about a millisecond."""
    stamp = read_stamp()
    return stamp.get("requirements") == requirements_hash() and not is_broken(stamp) and not missing(stamp)


def is_broken(stamp: dict) -> bool:
    """Whether `.venv` has to be made again: pip did not finish there, or its Python is gone or not wanted."""
    if stamp.get("state") != "whole" or not PYTHON.exists():
        return True
    if os.environ.get("KINORA_PYTHON") and stamp["python"] != python_version():
        return True
    # pip would not notice that a package's folder is missing: it reads only the records (.dist-info).
    return any(not name.endswith(".dist-info") for name in missing(stamp))


def missing(stamp: dict) -> set[str]:
    """The names that site-packages had after the last installation and has no more."""
    return set(stamp.get("contents", ())) - contents()


def make_environment() -> None:
    """Makes `.venv` if it is missing or broken, then installs the requirements. Raises SetupError."""
    stamp = read_stamp()
    if is_broken(stamp):
        create_venv()
        stamp = {"python": python_version()}
    print("Installing Kinora's packages into .venv: about 2.6 GB to download, 6 GB on disk ...", flush=True)
    # A pip that is killed leaves packages half installed, so the stamp says "whole" only after pip has ended.
    write_stamp({**stamp, "state": "installing"})
    try:
        pip_install()
    except DownloadError:
        write_stamp({**stamp, "state": "whole", "contents": sorted(contents()), "requirements": ""})
        raise
    write_stamp({**stamp, "state": "whole", "contents": sorted(contents()), "requirements": requirements_hash()})


def create_venv() -> None:
    """Makes an empty `.venv` with pip. Raises SetupError."""
    print(f"Making .venv with Python {python_version()} ...", flush=True)
    if VENV.is_symlink():
        VENV.unlink()  # the folder it points to is not ours to delete
    elif VENV.exists():
        shutil.rmtree(VENV)
    try:
        install.run([sys.executable, "-m", "venv", str(VENV)], PROJECT)
    except install.SetupError as error:
        raise install.SetupError(
            f"{sys.executable} could not make a virtual environment:\n{error}\n"
            f"On Debian and Ubuntu, run `apt install python{python_version()}-venv`; elsewhere, set KINORA_PYTHON to"
            " another Python."
        ) from error


def pip_install() -> None:
    """Installs the chosen packages in the versions that the lock pins.

    Raises SetupError with pip's last lines, DownloadError when pip had not touched `.venv` yet.
    The lock is given as a constraint and not as a list, so each platform installs only the packages it needs.
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
        for line in pip.stdout or ():
            last.append(line.rstrip())
            large = re.match(r"\s*Downloading (\S+) \((\d{3,}\.?\d* MB)\)", line)
            if large:
                print(f"  {large[1].split('/')[-1]}, {large[2]}", flush=True)
            elif line.startswith("Installing collected packages"):
                print("  unpacking", flush=True)
                failure = install.SetupError
    if pip.returncode < 0:
        raise KeyboardInterrupt  # it was killed, so the stamp must keep saying "installing"
    if pip.returncode:
        raise failure(
            "pip could not install Kinora's packages. Its last lines:\n  "
            + "\n  ".join(last)
            + "\nCheck the network (and pip's index settings) and the disk, then run the same command again."
        )


def start(arguments: list[str]) -> int:
    """Becomes the environment's Python, so that signals and the exit code are its own."""
    if os.name != "nt":  # on Windows, exec returns to the prompt at once
        os.execv(PYTHON, [str(PYTHON), *arguments])
    return subprocess.call([str(PYTHON), *arguments])


def python_version() -> str:
    """The version of the Python that runs this, as "3.11": packages are built for such a version."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def requirements_hash() -> str:
    """A hash that changes with any of the pins."""
    return hashlib.sha256(CHOSEN.read_bytes() + NEEDED.read_bytes() + LOCK.read_bytes()).hexdigest()


def contents() -> set[str]:
    """The names in site-packages, without those that come and go."""
    folders = (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages"))
    return {name for folder in folders for name in os.listdir(folder) if name[0] not in "_~"}


def read_stamp() -> dict:
    """What the last set-up wrote; empty where there was none or its file is incomplete."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: dict) -> None:
    """Writes the stamp in one step: a reader sees the old one or the new one."""
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps(stamp), encoding="utf-8")
    os.replace(draft, STAMP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
