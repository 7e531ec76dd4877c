"""Checks that file names in graphs and forms are safe: each must be the name of a file inside its folder.

The check is outside the rooms, because `modes` and `models` both use it and neither may import the other.
"""

import re

MODEL_SUFFIXES = (".safetensors", ".sft")
"""The suffixes of files that contain only weights. Other model files, such as pickles, can run code when opened."""

MAX_LENGTH = 1000  # characters of the whole name
MAX_PART = 255  # bytes between two slashes: the limit of common file systems

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"
}
"""Names that mean devices on Windows, in any folder and with any suffix."""


class FileNameError(ValueError):
    """Raised for a name that may not be used. The text is a sentence without its full stop."""


def check_file_name(name: str) -> None:
    """Raises FileNameError unless the name can only mean a file inside the folder in which it is looked up.

    The name may contain subfolders, with slashes or, as ComfyUI writes them on Windows, with backslashes. The rule is
    the same on every system, because people use a graph on several: a name with a special meaning on Windows is refused
    everywhere. Links in the folder are followed, because only the owner of the machine can make them.
    """
    if not _is_inside(name):
        raise FileNameError(f"{_quoted(name)} is not the name of a file inside its folder")


def check_model_name(name: str) -> None:
    """Raises FileNameError as `check_file_name` does, and for a suffix that Kinora does not load.

    A name without a suffix is allowed, because some of ComfyUI's inputs offer choices such as "none" as well as files.
    """
    check_file_name(name)
    if not is_model(name) and re.search(r"\.[^./\\]*$", name):
        text = "is not a .safetensors file; other kinds can run code when they are opened, so Kinora loads none of them"
        raise FileNameError(f"{_quoted(name)} {text}")


def is_model(name: str) -> bool:
    """Says whether the name has the suffix of a file that contains only weights."""
    return name.lower().endswith(MODEL_SUFFIXES)


def _is_inside(name: str) -> bool:
    if len(name) > MAX_LENGTH or name.startswith("~") or ":" in name or _CONTROL.search(name):
        return False
    return all(_is_plain(part) for part in re.split(r"[/\\]", name))


def _is_plain(part: str) -> bool:
    """Says whether a part between slashes is a name on every system. Windows ignores dots and spaces at its end."""
    short = len(part.encode("utf-8", "surrogatepass")) <= MAX_PART
    device = part.split(".")[0].rstrip().lower() in _DEVICES
    return bool(part) and short and part == part.rstrip(". ") and not device


def _quoted(name: str) -> str:
    return f"“{name[:80]}…”" if len(name) > 80 else f"“{name}”"
