"""The rule for names of files inside a folder: the one check of every name that a graph or a form brings.

It stands below `modes`, `models` and `backend`, because all three use it and none of them may import another.
"""

import re

MODEL_SUFFIXES = (".safetensors", ".sft")
"""Files of weights and nothing else. All other kinds of model files, pickles above all, can run code when opened."""

MAX_LENGTH = 1000  # characters of the whole name
MAX_PART = 255  # bytes between two slashes: what file systems take

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"
}
"""Names that Windows takes for devices, in any folder and with any suffix."""


class FileNameError(ValueError):
    """A name that may not be used; the text is a sentence without its full stop."""


def check_file_name(name: str) -> None:
    """Raises FileNameError for a name that could stand for anything but a file inside the folder it is looked up in.

    Folders below that one are possible, with slashes or, as ComfyUI on Windows writes them, backslashes. The rule is
    the same on every system, because a graph travels: a name that Windows would understand in another way is refused
    everywhere. Links in the folder are followed: only the owner of the machine can make them.
    """
    if not _is_inside(name):
        raise FileNameError(f"{_quoted(name)} is not the name of a file inside its folder")


def check_model_name(name: str) -> None:
    """Raises FileNameError as `check_file_name` does, and for a suffix of a kind of file that Kinora does not load.

    A name without a suffix passes: some of ComfyUI's inputs offer choices such as "none" beside their files.
    """
    check_file_name(name)
    if not is_model(name) and re.search(r"\.[^./\\]*$", name):
        text = "is not a .safetensors file; other kinds can run code when they are opened, so Kinora loads none of them"
        raise FileNameError(f"{_quoted(name)} {text}")


def is_model(name: str) -> bool:
    """Whether the name is one of a file with a model's weights."""
    return name.lower().endswith(MODEL_SUFFIXES)


def _is_inside(name: str) -> bool:
    if len(name) > MAX_LENGTH or name.startswith("~") or ":" in name or _CONTROL.search(name):
        return False
    return all(_is_plain(part) for part in re.split(r"[/\\]", name))


def _is_plain(part: str) -> bool:
    """Whether a part between slashes is a name on every system; Windows ignores dots and spaces at its end."""
    short = len(part.encode("utf-8", "surrogatepass")) <= MAX_PART
    device = part.split(".")[0].rstrip().lower() in _DEVICES
    return bool(part) and short and part == part.rstrip(". ") and not device


def _quoted(name: str) -> str:
    return f"“{name[:80]}…”" if len(name) > 80 else f"“{name}”"
