"""Opens the database, brings it to the newest schema, and hands out short transactions."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError

from errors import StorageError
from settings import Settings

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_TIMEOUT = 30.0
"""Seconds that a transaction waits for another one's end."""

_BROKEN = ("malformed", "not a database", "corrupt")
_FULL = ("disk is full", "disk i/o error", "no space left")

logger = logging.getLogger(__name__)


class ConflictError(StorageError):
    """A row breaks a rule of the schema: for example, another request has stored the same key."""


class Database:
    """Hands out transactions. Safe from several threads and, as the database itself, from several processes."""

    def __init__(self, settings: Settings) -> None:
        """Raises StorageError where it cannot be opened, or was written by a newer Kinora."""
        self.opening_message = ""  # what a person should know about how it was opened
        url = _address(settings)
        self._file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._engine = _sqlite(self._file)
            self._keep_broken_file_aside()
        else:
            self._engine = create_engine(url, pool_pre_ping=True)
        self._migrate()

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view. Raises StorageError."""
        with (
            _translate_errors(),
            self._engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All of it or nothing, and nobody else writes meanwhile (SQLite). Raises StorageError, also ConflictError."""
        with (
            _translate_errors(),
            self._engine.connect() as connection,
            connection.execution_options(kinora_write=True).begin(),
        ):
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def _migrate(self) -> None:
        newest = max(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        with self.write() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(7203)"))  # two may start at once
            found = _version(connection)
            if found == newest:
                return
            if found is not None and found > newest:
                raise StorageError(
                    "The queue was last used by a newer Kinora.",
                    f"Update this Kinora. The queue's schema is {found}; this Kinora knows {newest}.",
                )
            migrate(connection)

    def _keep_broken_file_aside(self) -> None:
        """Renames a file that fails SQLite's own check, never writes to it, and begins with an empty queue."""
        assert self._file is not None
        try:
            with self._engine.connect() as connection:
                verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        except DatabaseError as error:
            if not any(word in str(error).lower() for word in _BROKEN):
                raise StorageError(
                    f"The queue's database {self._file} cannot be opened.", "See the details.", str(error)
                ) from error
            verdict = str(error)
        if verdict == "ok":
            return
        self._engine.dispose()
        kept = self._file.with_name(f"{self._file.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        for suffix in ("", "-wal", "-shm"):
            file = self._file.with_name(self._file.name + suffix)
            if file.exists():
                file.rename(kept.with_name(kept.name + suffix))
        self.opening_message = (
            f"The queue's database was damaged and could not be read. It is kept as {kept}; "
            "the queue begins empty. Finished results are still in the outputs folder."
        )
        logger.error("%s (%s)", self.opening_message, verdict)
        self._engine = _sqlite(self._file)


def _address(settings: Settings) -> URL:
    """Raises StorageError for an address that cannot be used; the driver's own words might show the password."""
    try:
        url = make_url(settings.database_url)
        url.get_dialect().import_dbapi()
    except (ArgumentError, ImportError, ValueError):
        raise StorageError(
            "The queue's database has an address that cannot be used.",
            "Write KINORA_DATABASE as postgresql+psycopg://user:password@host:5432/name; percent-encode special "
            "characters in the password (@ is %40).",
        ) from None
    return url


def migrate(connection: Connection, revision: str = "head") -> None:
    """Brings the schema to a revision, inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _sqlite(file: Path) -> Engine:
    """WAL: readers never wait for a writer. FULL: what was reported as done is on the disk, even after a power cut."""
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_TIMEOUT}, pool_size=20)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that will write says so at once: two that read first could each wait for the other's end.
        write = connection.get_execution_options().get("kinora_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translates DatabaseError into StorageError, without the database's address and without stored values."""
    try:
        yield
    except DatabaseError as error:
        reason = str(error.orig)  # str(error) would also contain the statement's values, such as prompts
        if isinstance(error, IntegrityError):
            raise ConflictError("The queue's database refused a row.", "Try again.", reason) from error
        if any(words in reason.lower() for words in _FULL):
            message, hint = "The disk with the queue's database is full.", "Free some space; nothing queued is lost."
        elif "locked" in reason.lower():
            message = f"The queue's database was busy for more than {BUSY_TIMEOUT:.0f} s."
            hint = "Another program may be locking it. Try again."
        elif error.statement is None:  # there is no connection: the reason names the server's address
            logger.warning("The queue's database cannot be reached: %s", reason)
            message, hint, reason = "The queue's database cannot be reached.", "Check it and KINORA_DATABASE.", ""
        else:
            message, hint = "The queue's database cannot be used.", "See the details."
        raise StorageError(message, hint, reason) from error
