"""What one side is like, told to who holds CRON_SECRET, so that both can be compared.

The secrets themselves are not in it: an access token's header names its key by the same digest.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from lib.access import tokens
from lib.bridge import keys
from lib.config import ConfigError
from lib.doctor import queries
from lib.errors import Unavailable
from lib.stores import mongo, postgres, redis

ID_BYTES = 9
ID = "identity"  # the collection and the document of MongoDB that hold its id


def describe() -> dict[str, Any]:
    """Return what this process is like; a store's id is the same for all who reach the same one."""
    return {
        "postgres": _or_none(_postgres_id),
        "redis": _or_none(_redis_id),
        "mongo": _or_none(_mongo_id),
        "keys": list(tokens.keys()),
        "now": time.time(),
    }


def _or_none(identify: Callable[[], str]) -> str | None:
    try:
        return identify()
    except (Unavailable, ConfigError):
        return None


def _postgres_id() -> str:
    with postgres.connection() as conn:
        return queries.identity(conn)


def _redis_id() -> str:
    redis.execute("SET", keys.IDENTITY, secrets.token_urlsafe(ID_BYTES), "NX")
    return str(redis.execute("GET", keys.IDENTITY))


def _mongo_id() -> str:
    with mongo.database() as database:
        fresh = {"$setOnInsert": {"value": secrets.token_urlsafe(ID_BYTES)}}
        database[ID].update_one({"_id": ID}, fresh, upsert=True)
        found = database[ID].find_one({"_id": ID}) or {}
        return str(found.get("value"))
