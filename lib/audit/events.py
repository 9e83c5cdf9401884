"""Recording an event: one row in the outbox, in the transaction of the change that it tells of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Caller, Origin
from lib.audit import queries
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection

AUTH_LOGS = "auth_logs"
PROJECT_ACTIONS = "project_actions"
JOB_EVENTS = "job_events"

# Where an action belongs, by its first word; the rest happens to workspaces and projects.
_COLLECTIONS = {"account": AUTH_LOGS, "session": AUTH_LOGS, "job": JOB_EVENTS}


def record(
    conn: Connection,
    action: str,
    actor: Caller | None,
    *,
    target: tuple[str, UUID | str],
    workspace_id: UUID | None = None,
    project_id: UUID | None = None,
    origin: Origin | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one event into the outbox, in the transaction that `conn` has open.

    `action` is `noun.verb`, such as `project.created`; `target` the type and id of what it was done
    to. `origin` is the actor's unless given (log-in has no actor yet; a worker acts for a request
    long gone). `details` holds plain JSON values, never a secret.
    """
    at = datetime.now(UTC)
    origin = origin or (actor.origin if actor else Origin("", "", ""))
    event = {
        "at": at.isoformat(timespec="milliseconds"),
        "day": at.date().isoformat(),
        "action": action,
        "actor_id": _text(actor.user_id if actor else None),
        "actor_name": actor and actor.name,
        "actor_email": actor and actor.email,
        "workspace_id": _text(workspace_id),
        "project_id": _text(project_id),
        "target_type": target[0],
        "target_id": str(target[1]),
        "request_id": origin.request_id,
        "address": origin.address,
        "user_agent": origin.user_agent,
        "details": details or {},
    }
    collection = _COLLECTIONS.get(action.partition(".")[0], PROJECT_ACTIONS)
    queries.insert(conn, new_id(), collection, event)


def _text(identity: UUID | None) -> str | None:
    return str(identity) if identity else None
