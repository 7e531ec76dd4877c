"""Files on their way between machines, by a store that all of them reach: S3, Google's, Azure's, or a folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import RetryConfig, from_url

from errors import ExchangeError

INPUTS, RESULTS = "inputs", "results"
RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class Exchange:
    """Names are relative to a folder on either machine. Every method raises ExchangeError.

    Credentials are read from the environment, by the names that each store's own programs use.
    """

    def __init__(self, address: str) -> None:
        """`address` is one of a store, with a prefix if need be: s3://bucket/prefix, gs://, az://, file:///mnt/x."""
        self._address = address
        local = address.startswith("file:")
        with self._told():
            self._store = from_url(address, mkdir=True) if local else from_url(address, retry_config=RETRIES)

    def check(self) -> None:
        """Writes something and removes it."""
        with self._told():
            name = f"check/{uuid4().hex}"
            obstore.put(self._store, name, b"Kinora")
            obstore.delete(self._store, name)

    def put(self, place: str, folder: Path, names: Iterable[str]) -> None:
        """Brings files there, but for those that are there."""
        with self._told():
            for name in names:
                if not self._has(f"{place}/{name}"):
                    obstore.put(self._store, f"{place}/{name}", folder / name)

    def get(self, place: str, folder: Path, names: Iterable[str]) -> None:
        """Brings files here, but for those that are here; nobody ever sees half of one."""
        with self._told():
            for name in names:
                target = folder / name
                if target.is_file():
                    target.touch()  # it is still needed
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                part = target.with_name(f".{uuid4().hex}.part")
                try:
                    with part.open("wb") as file:
                        for chunk in obstore.get(self._store, f"{place}/{name}").stream():
                            file.write(chunk)
                    part.replace(target)
                finally:
                    part.unlink(missing_ok=True)

    def remove(self, place: str, names: Iterable[str]) -> None:
        with self._told():
            obstore.delete(self._store, [f"{place}/{name}" for name in names])

    def _has(self, path: str) -> bool:
        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise ExchangeError(
                f"The exchange at {self._address} cannot be used.",
                "See whether every machine reaches it and has the credentials in its environment, then retry.",
                str(error),
            ) from error
