"""The summary of a workspace's log: how much happened by day, by action and by person."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from lib.audit import filters
from lib.audit.actions import JOB_EVENTS, PROJECT_ACTIONS
from lib.stores import mongo

DAYS = 30  # that it looks back, unless told since when
MAX_DAYS = 366
MOST_ACTORS = 100  # those who did most
WITHIN = 6.0  # seconds

Row = dict[str, Any]


def of_workspace(
    workspace_id: UUID, *, since: datetime | None, until: datetime | None, **asked: Any
) -> Row:
    """Return the counts of a workspace's events in a time range, of those that are `asked` for.

    A range of over 366 days begins so many days before its end. Raises Unavailable while MongoDB
    does not answer.
    """
    import pymongo

    until = until or datetime.now(UTC)
    since = max(since, _before(until, MAX_DAYS)) if since else _before(until, DAYS)
    wanted = filters.conditions(asked | {"since": since, "until": until}, workspace_id)
    with pymongo.timeout(WITHIN):
        days, _ = _counts(wanted, "day")
        actions, _ = _counts(wanted, "action")
        actors, names = _counts(wanted, "actor_id")
    return {
        "since": since,
        "until": until,
        "total": days.total(),
        "by_day": [{"day": day, "count": days[day]} for day in sorted(days)],
        "by_action": [{"action": name, "count": count} for name, count in actions.most_common()],
        "by_actor": [
            {"actor": {"id": actor, "name": names[actor]} if actor else None, "count": count}
            for actor, count in actors.most_common(MOST_ACTORS)
        ],
    }


def _before(moment: datetime, days: int) -> datetime:
    try:
        return moment - timedelta(days=days)
    except OverflowError:  # in the first year of all
        return datetime.min.replace(tzinfo=UTC)


def _counts(wanted: Row, key: str) -> tuple[Counter[str], dict[str, str]]:
    # By one key at a time: the embedded server makes one group of all that share the first.
    group = {"_id": f"${key}", "count": {"$sum": 1}, "name": {"$last": "$actor_name"}}
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    with mongo.database() as database:
        for collection in (PROJECT_ACTIONS, JOB_EVENTS):
            for found in database[collection].aggregate([{"$match": wanted}, {"$group": group}]):
                counts[found["_id"]] += found["count"]
                names[found["_id"]] = found["name"]
    return counts, names
