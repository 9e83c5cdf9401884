"""Delivery: events move from the outbox in Postgres to MongoDB, each exactly once by its id.

The copy comes first and the removal second, and copying again changes nothing: whatever happens in
between, no event is lost and none is there twice.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lib.audit import queries
from lib.audit.events import AUTH_LOGS, JOB_EVENTS, PROJECT_ACTIONS
from lib.config import settings
from lib.ids import made_at
from lib.stores import mongo, postgres

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

BATCH = 1000  # events moved in one transaction
COLLECTIONS = (AUTH_LOGS, PROJECT_ACTIONS, JOB_EVENTS)
DAY = 86_400  # seconds
INDEX_CONFLICT = 85  # MongoDB: the index exists, with other options


def move(limit: int = BATCH) -> dict[str, int]:
    """Move up to `limit` of the oldest events; return how many went to which collection.

    Raises Unavailable while a store does not answer: the events stay where they are.
    """
    with postgres.transaction() as conn:
        rows = queries.take(conn, limit)
        by_collection = defaultdict(list)
        for row in rows:
            by_collection[row["collection"]].append(document(row))
        if rows:
            with mongo.database() as database:
                for name, documents in by_collection.items():
                    _upsert(database, name, documents)
            queries.delete(conn, [row["id"] for row in rows])
    return {name: len(documents) for name, documents in by_collection.items()}


def lag() -> float:
    """Return how old the oldest event is that MongoDB does not have yet, in seconds; 0 for none.

    Raises Unavailable while Postgres does not answer.
    """
    with postgres.connection() as conn:
        oldest = queries.oldest(conn)
    return max(0.0, (datetime.now(UTC) - made_at(oldest)).total_seconds()) if oldest else 0.0


def ensure_indexes() -> None:
    """Create what reads and retention need, where it is missing; raises Unavailable."""
    with mongo.database() as database:
        for name in COLLECTIONS:
            collection = database[name]
            collection.create_index([("workspace_id", 1), ("event_id", 1)])
            collection.create_index([("actor_id", 1), ("event_id", 1)])
            collection.create_index([("project_id", 1), ("event_id", 1)])
            _expire(collection, settings().audit_retention_days * DAY)


def document(row: dict[str, Any]) -> dict[str, Any]:
    """Return an event of the outbox as the log keeps it."""
    # As text, the id survives every server and still sorts by time. It is there a second time for
    # the indexes, which on the embedded server can't hold _id: one that does breaks its collection.
    # `at` has to be a date for the index that expires it.
    event, event_id = row["event"], str(row["id"])
    return event | {"event_id": event_id, "at": datetime.fromisoformat(event["at"])}


def _upsert(database: Database[dict[str, Any]], name: str, documents: list[dict[str, Any]]) -> None:
    from pymongo import UpdateOne

    writes = [
        UpdateOne({"_id": document["event_id"]}, {"$setOnInsert": document}, upsert=True)
        for document in documents
    ]
    database[name].bulk_write(writes, ordered=False)


def _expire(collection: Collection[dict[str, Any]], seconds: int) -> None:
    from pymongo.errors import OperationFailure

    try:
        collection.create_index("at", expireAfterSeconds=seconds)
    except OperationFailure as error:
        if error.code != INDEX_CONFLICT:
            raise
        index = {"keyPattern": {"at": 1}, "expireAfterSeconds": seconds}
        collection.database.command("collMod", collection.name, index=index)
