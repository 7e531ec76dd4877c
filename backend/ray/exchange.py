"""Moves files between machines through a store that all of them can reach: S3, Google's, Azure's, or a folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from errors import ExchangeError
from whole_files import written_whole

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # only type checkers see it

INPUTS, RESULTS = "inputs", "results"
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class Exchange:
    """A store of files. Names are relative to a folder on each machine. Every method raises ExchangeError.

    Credentials are read from the environment, by the names that each store's own programs use.
    """

    def __init__(self, address: str) -> None:
        """`address` is one of a store, with a prefix if need be: s3://bucket/prefix, gs://, az://, file:///mnt/x."""
        self._address = address
        local = address.startswith("file:")
        with self._translate_errors():
            self._store = from_url(address, mkdir=True) if local else from_url(address, retry_config=RETRIES)

    def check(self) -> None:
        """Checks that the store can be used, by writing an object and removing it."""
        with self._translate_errors():
            name = f"check/{uuid4().hex}"
            obstore.put(self._store, name, b"Kinora")
            obstore.delete(self._store, name)

    def put(self, place: str, folder: Path, names: Iterable[str]) -> None:
        """Uploads the files that the store does not have."""
        with self._translate_errors():
            for name in names:
                if not self._has(f"{place}/{name}"):
                    obstore.put(self._store, f"{place}/{name}", folder / name)

    def get(self, place: str, folder: Path, names: Iterable[str]) -> None:
        """Downloads the files that `folder` does not have. A file gets its name only when it is complete."""
        with self._translate_errors():
            for name in names:
                target = folder / name
                if target.is_file():
                    target.touch()  # so that it is not removed as unused
                    continue
                with written_whole(target) as part, part.open("wb") as file:
                    for chunk in obstore.get(self._store, f"{place}/{name}").stream():
                        file.write(chunk)

    def remove(self, place: str, names: Iterable[str]) -> None:
        with self._translate_errors():
            obstore.delete(self._store, [f"{place}/{name}" for name in names])

    def _has(self, path: str) -> bool:
        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise ExchangeError(
                f"The exchange at {self._address} cannot be used.",
                "Check that every machine can reach it and has the credentials in its environment, then try again.",
                str(error),
            ) from error
