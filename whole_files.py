"""Files that no other process ever sees incomplete: each is written under a temporary name and then renamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """The path to write to, in the target's folder, which is made if necessary.

    The file becomes `target` at the end of the block. If the block raises, the file is removed and `target` stays as
    it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
