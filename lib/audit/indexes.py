"""The indexes of the log in MongoDB: what reads, chains and retention need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.audit.actions import COLLECTIONS
from lib.config import settings
from lib.stores import mongo

if TYPE_CHECKING:
    from pymongo.collection import Collection

DAY = 86_400  # seconds
MAX_DAYS = 3650  # that a workspace may keep its events
GRACE_DAYS = 31  # that the function which prunes the log may fail, before MongoDB does without it
INDEX_CONFLICT = 85  # MongoDB: the index exists, with other options

INDEXES = (
    ("workspace_id", "event_id"),
    ("actor_id", "event_id"),
    ("project_id", "event_id"),
    ("chain", "seq"),
    ("request_id",),
)


def ensure() -> None:
    """Create what reads and retention need, where it is missing; raises Unavailable."""
    days = max(settings().audit_retention_days, MAX_DAYS) + GRACE_DAYS
    with mongo.database() as database:
        for name in COLLECTIONS:
            collection = database[name]
            for fields in INDEXES:
                collection.create_index([(field, 1) for field in fields])
            _expire(collection, days * DAY)


def _expire(collection: Collection[dict[str, Any]], seconds: int) -> None:
    from pymongo.errors import OperationFailure

    try:
        collection.create_index("at", expireAfterSeconds=seconds)
    except OperationFailure as error:
        if error.code != INDEX_CONFLICT:
            raise
        index = {"keyPattern": {"at": 1}, "expireAfterSeconds": seconds}
        collection.database.command("collMod", collection.name, index=index)
