"""Writes what a Hugging Face Space is made of into an empty folder: python tools/make_space.py FOLDER

Python's standard library only. The files are those of the container image; the Space installs requirements.txt itself.
"""

import re
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))  # run as a script, only tools/ is on it

from tools import dockerfile  # noqa: E402

# https://huggingface.co/docs/hub/spaces-config-reference
CARD = """\
---
title: Kinora
emoji: 🎬
colorFrom: indigo
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "3.12"
app_file: app.py
suggested_hardware: zero-a10g
license: mit
short_description: A studio for generated video, image and sound
---
"""


def make(folder: Path) -> None:
    """Fills the folder. Its README begins with the Space's settings, Gradio's version as requirements.txt pins it."""
    for path in dockerfile.context(PROJECT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, folder / path)
    pinned = re.search(r"^gradio==(\S+)", (PROJECT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    readme = folder / "README.md"
    readme.write_text(CARD.format(gradio=pinned[1]) + readme.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
