"""Reading the log: what happened in a workspace or a project, what a person did; newest first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.audit import delivery, queries
from lib.audit.events import AUTH_LOGS, JOB_EVENTS, PROJECT_ACTIONS
from lib.stores import mongo

if TYPE_CHECKING:
    from lib.stores.connection import Connection

PRIVATE = frozenset({"email", "worker"})  # details that members of a project are not shown
CONTEXT = ("request_id", "address", "user_agent", "token_id")
LAST_MILLISECOND = 2**48 - 1  # of the 48 bits that a UUIDv7 has for its time


def of_workspace(
    workspace_id: UUID,
    *,
    cursor: UUID | None,
    limit: int,
    action: str | None = None,
    actor_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return what happened in a workspace, newest first; one more than `limit` if there is more.

    `action` is a whole one (`project.created`) or a noun with its dot (`project.`). Raises
    Unavailable while MongoDB does not answer.
    """
    wanted = {"workspace_id": str(workspace_id)} | _who(actor_id) | _what(action)
    wanted |= _when(cursor, since, until)
    return _newest((PROJECT_ACTIONS, JOB_EVENTS), wanted, limit + 1)


def of_person(
    user_id: UUID,
    *,
    cursor: UUID | None,
    limit: int,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return what a person did, wherever, as `of_workspace` does; their log-ins too."""
    wanted = _who(user_id) | _what(action) | _when(cursor, since, until)
    return _newest((AUTH_LOGS, PROJECT_ACTIONS, JOB_EVENTS), wanted, limit + 1)


def of_project(
    conn: Connection,
    project_id: UUID,
    *,
    cursor: UUID | None,
    limit: int,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return what happened in a project, for all its members, as `of_workspace` does.

    It holds what was committed before the call, delivered or not. It tells of no addresses,
    e-mail ones included, clients, requests or workers.
    """
    collections, when = (PROJECT_ACTIONS, JOB_EVENTS), _when(cursor, since, until)
    bounds = when.get("event_id", {})
    # The outbox first: an event leaves it only after it has come to MongoDB.
    waiting = queries.of_project(
        conn,
        project_id,
        collections=collections,
        action=action,
        since=bounds.get("$gte"),
        before=bounds.get("$lt"),
        limit=limit + 1,
    )
    wanted = {"project_id": str(project_id)} | _what(action) | when
    events = _newest(collections, wanted, limit + 1, [delivery.document(row) for row in waiting])
    return [_public(event) for event in events]


def _newest(
    collections: Sequence[str],
    wanted: dict[str, Any],
    count: int,
    waiting: Sequence[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    by_id = itemgetter("event_id")
    with mongo.database() as database:
        found = [database[c].find(wanted).sort("event_id", -1).limit(count) for c in collections]
        newest = heapq.merge(waiting, *found, key=by_id, reverse=True)
        each_once = (next(same) for _, same in groupby(newest, key=by_id))
        return [_shown(document) for document in islice(each_once, count)]


def _who(user_id: UUID | None) -> dict[str, Any]:
    return {"actor_id": str(user_id)} if user_id else {}


def _what(action: str | None) -> dict[str, Any]:
    if action is None:
        return {}
    if action.endswith("."):
        return {"action": {"$gte": action, "$lt": action[:-1] + "/"}}  # "/" comes after "."
    return {"action": str(action)}


def _when(cursor: UUID | None, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    # Ids begin with their time, so a range of times is a range of ids.
    before = [str(cursor)] if cursor else []
    if until:
        before.append(_first_id(until))
    bounds = {"$lt": min(before)} if before else {}
    if since:
        bounds["$gte"] = _first_id(since)
    return {"event_id": bounds} if bounds else {}


def _first_id(moment: datetime) -> str:
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), LAST_MILLISECOND)
    return str(UUID(int=milliseconds << 80))


def _public(event: dict[str, Any]) -> dict[str, Any]:
    details = {name: value for name, value in event["details"].items() if name not in PRIVATE}
    return event | {"details": details}


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    actor_id = document["actor_id"]
    return {
        "id": document["event_id"],
        "actor": {
            "id": actor_id,
            "name": document["actor_name"],
            "email": document["actor_email"],
        }
        if actor_id
        else None,
        "target": {"type": document["target_type"], "id": document["target_id"]},
        "context": {key: document.get(key) for key in CONTEXT},
    } | {key: document[key] for key in ("at", "action", "workspace_id", "project_id", "details")}
