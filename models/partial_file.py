"""The file that receives a download until it is complete, with its size and hash."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

HASH_BLOCK = 1 << 20  # bytes


class PartialFile:
    """An open partial file. `size` in bytes and `sha256` are those of what has been counted in so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def existing_blocks(self) -> Iterator[bytes]:
        """Yields what an earlier attempt has left, from the beginning."""
        self._file.seek(0)
        while block := self._file.read(HASH_BLOCK):
            yield block

    def count_in(self, block: bytes) -> None:
        self._hash.update(block)
        self.size += len(block)

    def append(self, block: bytes) -> None:
        self._file.write(block)
        self.count_in(block)

    def clear(self) -> None:
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.size = 0
