"""MongoDB: the log store. It may be down for hours; only reads of the log wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lib import logs
from lib.config import ConfigError, settings
from lib.errors import Unavailable
from lib.stores.once import Once

if TYPE_CHECKING:
    from pymongo.database import Database

SELECTION_TIMEOUT = 2_000  # milliseconds
OPERATION_TIMEOUT = 5_000  # milliseconds, retries included: a socket's own timeout is one of each


def _open() -> Database[dict[str, Any]]:
    from pymongo import MongoClient

    if not settings().mongo_uri:
        raise ConfigError("MONGO_URI is not set: give the address of MongoDB.")
    client: MongoClient[dict[str, Any]] = MongoClient(
        settings().mongo_uri,
        serverSelectionTimeoutMS=SELECTION_TIMEOUT,
        connectTimeoutMS=SELECTION_TIMEOUT,
        timeoutMS=OPERATION_TIMEOUT,
        tz_aware=True,
        appname="collab",
    )
    return client[settings().mongo_db]


_database = Once(_open)


@contextmanager
def database() -> Iterator[Database[dict[str, Any]]]:
    """Lend the log database; raises Unavailable when MongoDB does not answer or refuses."""
    from pymongo.errors import PyMongoError

    try:
        yield _database()
    except PyMongoError as error:
        logs.warning("mongo.unavailable", kind=type(error).__name__, reason=str(error)[:200])
        raise Unavailable("The log store does not answer; try again in a moment.") from error


def close() -> None:
    """Close the client, if it was ever opened."""
    if (opened := _database.forget()) is not None:
        opened.client.close()
