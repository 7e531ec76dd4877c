"""A real PostgreSQL server in a folder of its own, reached through a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import programs


@contextmanager
def running() -> Iterator[str]:
    """Yields its SQLAlchemy address. The server refuses to run as root, so root uses the account `postgres`."""
    binaries = programs.postgresql()
    assert binaries, "These tests need PostgreSQL: run them with `bash setup.sh test`, which installs it."
    other = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="kinora-pg-", dir="/tmp"))  # a socket's path is at most 107 characters
    if other:
        owner = pwd.getpwnam(other)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"

    def program(name: str, *arguments: str) -> None:
        command = [str(binaries / name), *arguments]
        with (folder / "told").open("w") as told:  # a pipe would stay open for as long as the server runs
            done = subprocess.run(command, cwd=folder, stdout=told, stderr=told, user=other, group=other)
        assert done.returncode == 0, (folder / "told").read_text()

    try:
        program("initdb", "-D", str(data), "-U", "kinora", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        program("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://kinora@/postgres?host={folder}"
        finally:
            program("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
