"""Reading the log: what happened in a workspace or a project, what a person did; newest first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from lib.audit import delivery, filters, queries
from lib.audit.actions import COLLECTIONS, JOB_EVENTS, PROJECT_ACTIONS
from lib.stores import mongo, postgres

PRIVATE = frozenset({"email", "worker"})  # details that members of a project are not shown
CONTEXT = ("request_id", "address", "user_agent", "token_id")
CHAIN = ("seq", "prev", "hash")


def of_workspace(
    workspace_id: UUID, *, cursor: UUID | None, limit: int, **asked: Any
) -> list[dict[str, Any]]:
    """Return what happened in a workspace, newest first; one more than `limit` if there is more.

    `asked` are the conditions of lib.audit.filters. Raises Unavailable while MongoDB does not
    answer.
    """
    wanted = filters.conditions(asked | {"cursor": cursor}, workspace_id)
    return _newest((PROJECT_ACTIONS, JOB_EVENTS), wanted, limit + 1)


def of_person(
    user_id: UUID, *, cursor: UUID | None, limit: int, **asked: Any
) -> list[dict[str, Any]]:
    """Return what a person did, wherever, as `of_workspace` does; their log-ins too."""
    wanted = filters.wanted(actor_id=user_id, cursor=cursor, **asked)
    return _newest(COLLECTIONS, wanted, limit + 1)


def of_project(
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
    collections = (PROJECT_ACTIONS, JOB_EVENTS)
    bounds = filters.when(since, until, cursor).get("event_id", {})
    # The outbox first: an event leaves it only after it has come to MongoDB.
    with postgres.connection() as conn:
        waiting = queries.of_project(
            conn,
            project_id,
            collections=collections,
            action=action,
            since=bounds.get("$gte"),
            before=bounds.get("$lt"),
            limit=limit + 1,
        )
    wanted = filters.wanted(
        project_id=project_id, action=action, since=since, until=until, cursor=cursor
    )
    events = _newest(collections, wanted, limit + 1, [delivery.document(row) for row in waiting])
    return [_public(event) for event in events]


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of the log as the API shows it."""
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
        "chain": {key: document.get(key) for key in CHAIN},
    } | {key: document[key] for key in ("at", "action", "workspace_id", "project_id", "details")}


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
        return [shown(document) for document in islice(each_once, count)]


def _public(event: dict[str, Any]) -> dict[str, Any]:
    details = {name: value for name, value in event["details"].items() if name not in PRIVATE}
    return event | {"details": details}
