"""Counting the log: how often who did what in a workspace, on which day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.audit import delivery, filters, queries
from lib.audit.actions import JOB_EVENTS, PROJECT_ACTIONS
from lib.stores import mongo, postgres

if TYPE_CHECKING:
    from pymongo.database import Database

SPAN = timedelta(days=7)  # counted at once: no answer of the log store is long in coming


@dataclass(frozen=True, slots=True)
class Count:
    """How often one person (or, without one, the system) did one thing on one day, in UTC."""

    day: str
    actor_id: str | None
    actor_name: str | None
    action: str
    events: int


def delivered(before: UUID) -> bool:
    """Move what waits to MongoDB, and return whether all events before this id have come there.

    False while another mover is at some of them. Raises Unavailable.
    """
    while sum(delivery.move().values()):
        pass
    with postgres.connection() as conn:
        return not queries.waits(conn, before)


def days(since: datetime, until: datetime) -> list[str]:
    """Return the days from `since` to before `until`, in UTC."""
    day, last = since.astimezone(UTC).date(), (until - datetime.resolution).astimezone(UTC).date()
    return [(day + timedelta(days=n)).isoformat() for n in range((last - day).days + 1)]


def spans(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a time that are counted one after the other; no day is in two of them."""
    begins, until = since.astimezone(UTC), until.astimezone(UTC)
    while begins < until:
        ends = min(datetime.combine(begins.date(), time(), UTC) + SPAN, until)
        yield begins, ends
        begins = ends


def of_span(workspace_id: UUID, begins: datetime, ends: datetime) -> list[Count]:
    """Count what happened in a workspace from `begins` to before `ends`; raises Unavailable."""
    with mongo.database() as database:
        rows = [
            row
            for collection in (PROJECT_ACTIONS, JOB_EVENTS)
            for row in _grouped(database, collection, workspace_id, begins, ends)
        ]
    return sorted(map(_count, rows), key=lambda each: (each.day, each.actor_id or "", each.action))


def _grouped(
    database: Database[dict[str, Any]],
    collection: str,
    workspace_id: UUID,
    begins: datetime,
    ends: datetime,
) -> list[dict[str, Any]]:
    # One text as the key: on the embedded server, a key of several fields is none.
    wanted = {"workspace_id": str(workspace_id)} | filters.when(begins, ends)
    key = {"$concat": ["$day", "|", {"$ifNull": ["$actor_id", ""]}, "|", "$action"]}
    group = {"_id": key, "events": {"$sum": 1}, "name": {"$max": "$actor_name"}}
    return list(database[collection].aggregate([{"$match": wanted}, {"$group": group}]))


def _count(row: dict[str, Any]) -> Count:
    day, actor_id, action = row["_id"].split("|")
    return Count(day, actor_id or None, row["name"], action, row["events"])
