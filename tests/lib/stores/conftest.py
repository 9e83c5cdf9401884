"""What tests of the stores share: a project under load, and databases to spare."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.lib.stores.load import Load


@pytest.fixture
def load(team) -> Iterator[Load]:
    """A project in which people read and write until they are told to finish."""
    running = Load(team)
    yield running
    running.finish()


@pytest.fixture
def database(stack) -> Iterator[str]:
    """The address of an empty database."""
    name = f"migrate_{uuid4().hex[:12]}"
    with psycopg.connect(stack.postgres.url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        base, _, _ = stack.postgres.url.rpartition("/")
        yield f"{base}/{name}"
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
