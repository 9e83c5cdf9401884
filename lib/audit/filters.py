"""Filters: what a reader of the log asks for, as MongoDB is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

LAST_MILLISECOND = 2**48 - 1  # of the 48 bits that a UUIDv7 has for its time

EQUAL = (
    "actor_id", "target_type", "target_id", "project_id", "request_id", "address",
)  # fmt: skip


def wanted(
    *,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: UUID | None = None,
    **equal: UUID | str | None,
) -> dict[str, Any]:
    """Return the filter for events that are all of this; None is no condition.

    `action` is a whole one (`project.created`) or a noun with its dot (`project.`); `since` is
    included, `until` is not; `cursor` is the event before which they happened; `equal` is any of
    EQUAL.
    """
    found = {name: str(equal[name]) for name in EQUAL if equal.get(name) is not None}
    return found | _what(action) | when(since, until, cursor)


def when(
    since: datetime | None, until: datetime | None, cursor: UUID | None = None
) -> dict[str, Any]:
    """Return the filter for a range of times: ids begin with their time, so it is one of ids."""
    before = [str(cursor)] if cursor else []
    if until:
        before.append(first_id(until))
    bounds = {"$lt": min(before)} if before else {}
    if since:
        bounds["$gte"] = first_id(since)
    return {"event_id": bounds} if bounds else {}


def first_id(moment: datetime) -> str:
    """Return the least id that an event of this moment may have."""
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), LAST_MILLISECOND)
    return str(UUID(int=milliseconds << 80))


def conditions(asked: Mapping[str, Any], workspace_id: UUID) -> dict[str, Any]:
    """Return the filter for what is asked of a workspace's log."""
    return {"workspace_id": str(workspace_id)} | wanted(**asked)


def _what(action: str | None) -> dict[str, Any]:
    if action is None:
        return {}
    if action.endswith("."):
        return {"action": {"$gte": action, "$lt": action[:-1] + "/"}}  # "/" comes after "."
    return {"action": str(action)}
