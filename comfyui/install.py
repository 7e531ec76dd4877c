"""Puts the pinned ComfyUI into `comfyui/source`.

    python comfyui/install.py

It uses only Python's standard library, because it runs before anything is installed. A checkout is prepared in
`.incoming`, verified, stamped, and then renamed, so that an incomplete one is never in use.
"""

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import time
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "source"
INCOMING = FOLDER / ".incoming"
LOCK = FOLDER / ".lock"
STAMP = ".kinora.json"  # this file in the checkout records its commit
MARKS = ("comfyui_version.py", "execution.py", "nodes.py", "folder_paths.py", "comfy", "comfy_extras")
GIT_TIMEOUT = 60.0  # seconds; after that the archive is tried, as some firewalls drop git's packets


class SetupError(Exception):
    """Raised when set-up cannot continue. The message says what happened and what a person can do."""


@dataclass(frozen=True)
class Pin:
    """The version of ComfyUI to install, and its two sources: a git repository and an archive.

    `sha256` is the hash of the archive, and `folder` the folder in it that contains ComfyUI.
    """

    version: str
    repository: str
    commit: str
    package: str
    package_version: str
    sha256: str
    folder: str


def main() -> int:
    """Installs ComfyUI unless it is installed, and returns the exit code."""
    try:
        checkout = chosen_checkout()
        if not checkout and not is_current():
            with exclusive():
                if not is_current():
                    install(sys.executable)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"ComfyUI is in {checkout or SOURCE}.")
    return 0


def read_pin() -> Pin:
    """Reads pin.toml."""
    pin = tomllib.loads((FOLDER / "pin.toml").read_text(encoding="utf-8"))
    git, archive = pin["git"], pin["archive"]
    return Pin(
        version=pin["version"],
        repository=git["repository"],
        commit=git["commit"],
        package=archive["package"],
        package_version=archive["version"],
        sha256=archive["sha256"],
        folder=archive["folder"],
    )


def chosen_checkout() -> Path | None:
    """Returns the checkout that `KINORA_COMFYUI_DIR` names, or None; Kinora never changes that checkout.

    Prints a note if its version is not the pinned one. Raises SetupError if it contains no ComfyUI.
    """
    named = os.environ.get("KINORA_COMFYUI_DIR")
    if not named:
        return None
    checkout = Path(named).expanduser().resolve()
    if not _is_comfyui(checkout):
        raise SetupError(
            f"KINORA_COMFYUI_DIR is set to {checkout}, but there is no ComfyUI there.\n"
            "Set it to the folder that contains comfyui_version.py, or unset it, and Kinora will fetch its own ComfyUI."
        )
    version, pinned = version_of(checkout), read_pin().version
    if version != pinned:
        print(f"Note: {checkout} is ComfyUI {version}; Kinora is tested with {pinned}.", file=sys.stderr)
    return checkout


def is_current() -> bool:
    """Says whether `source` is a complete checkout of the pinned commit. This takes less than a millisecond."""
    try:
        stamp = json.loads((SOURCE / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp == _stamp(read_pin()) and _is_comfyui(SOURCE)


def version_of(checkout: Path) -> str:
    """Reads a checkout's version without running its code; returns "unknown" if the checkout does not state it."""
    text = (checkout / "comfyui_version.py").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"""^__version__\s*=\s*["']([^"']+)["']""", text, re.MULTILINE)
    return found[1] if found else "unknown"


def install(python: str) -> None:
    """Fetches the pinned ComfyUI, verifies it, and moves it to `source`. Call it inside `exclusive()`.

    `python` is an interpreter with pip, which fetches the archive. Raises SetupError if both sources fail.
    """
    pin = read_pin()
    print(f"Fetching ComfyUI {pin.version} (about 12 MB) ...", flush=True)
    _remove(INCOMING)
    reasons = []
    for place, fetch in (
        ("its git repository", lambda: _from_git(pin)),
        ("the package index", lambda: _from_archive(pin, python)),
    ):
        INCOMING.mkdir()
        try:
            _put_in_place(fetch(), pin)
        except SetupError as error:
            reasons.append(f"From {place}: {error}")
        else:
            return
        finally:
            _remove(INCOMING)
    raise SetupError(
        f"ComfyUI {pin.version} could not be fetched.\n"
        + "\n".join(reasons)
        + "\nCheck the network (and pip's index settings) and run the same command again, or set KINORA_COMFYUI_DIR to"
        " a copy of ComfyUI that is on this machine."
    )


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Lets only one set-up at a time work in this project. A second one prints a message and waits.

    On POSIX the programs that `run` starts inside share the lock. If set-up is killed while pip continues, the next
    set-up waits until that pip has ended.
    """
    with LOCK.open("a+b") as file:
        waiting = False
        while not _try_lock(file.fileno()):
            if not waiting:
                print("Another set-up is running here. This one waits until it has finished.", flush=True)
                waiting = True
            time.sleep(0.2)
        os.set_inheritable(file.fileno(), True)
        try:
            yield
        finally:
            _unlock(file.fileno())


def _try_lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _unlock(descriptor: int) -> None:
    """Releases the lock explicitly. Closing the file is not enough: a helper of git may still have it open."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)


def run(command: list[str], cwd: Path, timeout: float | None = None) -> None:
    """Runs a program and captures its output.

    Raises SetupError if it is not installed, fails (with its last lines), or takes longer than `timeout` seconds.
    """
    environment = dict(os.environ, GIT_TERMINAL_PROMPT="0")  # git must fail instead of asking for a password
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # a git hook that runs set-up has them set
        environment.pop(name, None)
    try:
        ended = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            timeout=timeout,
            close_fds=False,  # the program shares the lock, see exclusive()
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise SetupError(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{command[0]} gave no result within {timeout:.0f} s") from None
    if ended.returncode:
        raise SetupError("\n".join(ended.stdout.strip().splitlines()[-12:]) or f"exit code {ended.returncode}")


def _from_git(pin: Pin) -> Path:
    """Fetches the pinned commit without its history.

    A commit's name is a hash of its content, so git has verified the content when the fetch succeeds.
    """
    tree = INCOMING / "tree"
    tree.mkdir()
    git = ["git", "--git-dir", str(INCOMING / "git"), "--work-tree", str(tree)]
    slow = ["-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=15"]
    run(["git", "init", "--quiet", "--bare", str(INCOMING / "git")], INCOMING)
    run([*git, *slow, "fetch", "--quiet", "--depth", "1", pin.repository, pin.commit], INCOMING, GIT_TIMEOUT)
    run([*git, "checkout", "--quiet", pin.commit, "--", "."], INCOMING)
    return tree


def _from_archive(pin: Pin, python: str) -> Path:
    """Takes the same commit from a source distribution. pip fetches it, so the user's index settings apply."""
    wanted = INCOMING / "requirements.txt"
    wanted.write_text(f"{pin.package}=={pin.package_version} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
    pip = [python, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    # --require-hashes: pip checks the file before it runs any code in it; a later check would be too late.
    # --ignore-requires-python: the package requires Python 3.12, but the ComfyUI in it runs on 3.11.
    options = [f"--no-binary={pin.package}", "--ignore-requires-python", "--require-hashes"]
    run([*pip, *options, "--dest", str(INCOMING), "--requirement", str(wanted)], INCOMING)
    archive = next(INCOMING.glob("*.tar.gz"))
    tree = INCOMING / "tree"
    extract(archive, pin.folder, tree)
    return tree


def extract(archive: Path, folder: str, target: Path) -> None:
    """Writes the regular files in `folder`, which is below the archive's top folder, to `target`.

    Raises SetupError if the archive is damaged, or if a member is a link or a device or leads out of `target`. It does
    not use the filters of `tarfile`, because Python has them only since 3.11.4.
    """
    inside = PurePosixPath(folder).parts
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                parts = member.name.split("/")
                if tuple(parts[1 : len(inside) + 1]) != inside:
                    continue
                rest = parts[len(inside) + 1 :]
                if member.isdir():
                    continue
                if not member.isreg() or not rest or any(p in ("", ".", "..") or set(p) & set("\\:") for p in rest):
                    raise SetupError(f"{archive.name} contains an unsafe path ({member.name}); nothing was installed")
                path = target.joinpath(*rest)
                path.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None, "a regular file has content"
                with source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SetupError(f"{archive.name} could not be unpacked: {error}") from error


def _put_in_place(tree: Path, pin: Pin) -> None:
    """Verifies the fetched files and renames their folder to `source`.

    If set-up is killed between the two renames, `source` is missing and the next run installs it again.
    """
    if not _is_comfyui(tree):
        raise SetupError("the fetched files are not ComfyUI")
    if version_of(tree) != pin.version:
        raise SetupError(f"the fetched files are ComfyUI {version_of(tree)}, not {pin.version}")
    (tree / STAMP).write_text(json.dumps(_stamp(pin)), encoding="utf-8")
    if SOURCE.exists() or SOURCE.is_symlink():
        SOURCE.rename(INCOMING / "replaced")
    tree.rename(SOURCE)


def _stamp(pin: Pin) -> dict[str, str]:
    return {"commit": pin.commit, "version": pin.version}


def _is_comfyui(folder: Path) -> bool:
    return all((folder / mark).exists() for mark in MARKS)


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    if os.name == "nt":  # git makes some files read-only, and Windows does not delete those
        for path in folder.rglob("*"):
            path.chmod(stat.S_IREAD | stat.S_IWRITE)
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
