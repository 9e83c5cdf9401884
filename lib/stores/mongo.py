"""MongoDB: the log store. It may be down for hours; only reads of the log wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from lib import logs
from lib.config import ConfigError, settings
from lib.errors import Unavailable

if TYPE_CHECKING:
    from pymongo.database import Database

SELECTION_TIMEOUT = 2_000  # milliseconds
OPERATION_TIMEOUT = 5_000  # milliseconds, retries included: a socket's own timeout is one of each


@cache
def _database() -> Database[dict[str, Any]]:
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
    if _database.cache_info().currsize:
        _database().client.close()
        _database.cache_clear()
