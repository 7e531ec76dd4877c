"""Puts a file into a second place, without copying its content where the disk allows it."""

import os
import shutil
from pathlib import Path

from whole_files import written_whole


def link(file: Path, target: Path) -> None:
    """Makes a hard link, or a copy where a link is not possible."""
    with written_whole(target) as part:
        try:
            os.link(file, part)
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(file, part)
