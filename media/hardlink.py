"""Puts a file into a second place, without copying its content where the disk allows it."""

import os
import shutil
from pathlib import Path
from uuid import uuid4


def link(file: Path, target: Path) -> None:
    """Makes a hard link, or a copy where a link is not possible.

    It is made under a temporary name and then moved to `target`, so that no other process sees an incomplete file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        os.link(file, part)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(file, part)
    part.replace(target)
