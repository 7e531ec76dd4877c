"""One PostgreSQL server for all tests of the store, with a new database for each that asks."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from support import postgres_server


@pytest.fixture(scope="session")
def new_postgresql_database() -> Iterator[Callable[[], SecretStr]]:
    """Makes an empty database and returns its address."""
    numbers = itertools.count(1)
    with postgres_server.running() as server:

        def make() -> SecretStr:
            name = f"kinora_{next(numbers)}"
            engine = create_engine(server, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            return SecretStr(make_url(server).set(database=name).render_as_string(hide_password=False))

        yield make
