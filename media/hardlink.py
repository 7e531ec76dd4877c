"""A file in a second place, without a second copy of its bytes where the disk allows it."""

import os
import shutil
from pathlib import Path
from uuid import uuid4


def link(file: Path, target: Path) -> None:
    """A hard link, else a copy. Beside its place first and then moved there: nobody ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        os.link(file, part)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(file, part)
    part.replace(target)
