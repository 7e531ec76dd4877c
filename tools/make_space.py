"""Writes the files of a Hugging Face Space into an empty folder: python tools/make_space.py FOLDER

Python's standard library only. The files are those of the container image; README.md begins with the Space's settings
(tools/space_card.py), and the Space installs requirements.txt itself.
"""

import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # run as a script, only tools/ is on it

from tools import dockerfile  # noqa: E402


def make(folder: Path) -> None:
    """Fills the folder."""
    for path in dockerfile.context(PROJECT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, folder / path)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
