"""Counting the log: how often who did what in a workspace, a day at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.audit.events import JOB_EVENTS, PROJECT_ACTIONS
from lib.audit.log import _when
from lib.stores import mongo

if TYPE_CHECKING:
    from pymongo.database import Database

MAX_DAYS = 366  # of one summary


@dataclass(frozen=True, slots=True)
class Count:
    """How often one person (or, without one, the system) did one thing on one day, in UTC."""

    day: str
    actor_id: str | None
    actor_name: str | None
    action: str
    events: int


def days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the days from `since` to `until` in UTC; the first and the last may be parts of one."""
    begins, until = since.astimezone(UTC), until.astimezone(UTC)
    while begins < until:
        midnight = datetime.combine(begins.date() + timedelta(days=1), time(), UTC)
        ends = min(midnight, until)
        yield begins, ends
        begins = ends


def of_day(workspace_id: UUID, begins: datetime, ends: datetime) -> list[Count]:
    """Count what happened in a workspace within one day; raises Unavailable.

    A day at a time, no answer of the log store is long in coming.
    """
    day = begins.date().isoformat()
    with mongo.database() as database:
        rows = [
            row
            for collection in (PROJECT_ACTIONS, JOB_EVENTS)
            for row in _grouped(database, collection, workspace_id, begins, ends)
        ]
    counts = [_count(day, row) for row in rows]
    return sorted(counts, key=lambda each: (each.actor_id or "", each.action))


def _grouped(
    database: Database[dict[str, Any]],
    collection: str,
    workspace_id: UUID,
    begins: datetime,
    ends: datetime,
) -> list[dict[str, Any]]:
    # One text as the key: on the embedded server, a key of several fields is none.
    wanted = {"workspace_id": str(workspace_id)} | _when(None, begins, ends)
    who_and_what = {"$concat": [{"$ifNull": ["$actor_id", ""]}, "|", "$action"]}
    group = {"_id": who_and_what, "events": {"$sum": 1}, "name": {"$max": "$actor_name"}}
    return list(database[collection].aggregate([{"$match": wanted}, {"$group": group}]))


def _count(day: str, row: dict[str, Any]) -> Count:
    actor_id, _, action = row["_id"].partition("|")
    return Count(day, actor_id or None, row["name"], action, row["events"])
