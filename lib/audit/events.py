"""Recording events: rows in the outbox, in the transaction of the change that they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from lib.access.caller import Caller, Origin, Person
from lib.audit import queries
from lib.audit.actions import declared
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection


class Event(NamedTuple):
    """Something that happened.

    `action` is one of lib.audit.actions, such as `project.created`; `target` the type and id of
    what it was done to. `origin` is the actor's unless given (log-in has no actor yet; a worker
    acts for a request long gone). `details` holds plain JSON values, never a secret.
    """

    action: str
    actor: Caller | Person | None
    target: tuple[str, UUID | str]
    workspace_id: UUID | None = None
    project_id: UUID | None = None
    origin: Origin | None = None
    details: dict[str, Any] | None = None


def record(
    conn: Connection,
    action: str,
    actor: Caller | Person | None,
    *,
    target: tuple[str, UUID | str],
    workspace_id: UUID | None = None,
    project_id: UUID | None = None,
    origin: Origin | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one Event into the outbox, in the transaction that `conn` has open.

    Raises ValueError for an action that is not declared.
    """
    record_all(conn, [Event(action, actor, target, workspace_id, project_id, origin, details)])


def record_all(conn: Connection, events: Sequence[Event]) -> None:
    """Write several events into the outbox with one statement, as `record` does."""
    if events:
        queries.insert(conn, [(new_id(), declared(e.action).collection, _row(e)) for e in events])


def _row(event: Event) -> dict[str, Any]:
    # UUIDs stay what they are: the outbox writes them as text, faster than str() does.
    at, actor = datetime.now(UTC).isoformat(timespec="milliseconds"), event.actor
    origin = event.origin or (actor.origin if isinstance(actor, Caller) else Origin("", "", ""))
    return {
        "at": at,
        "day": at[:10],
        "action": event.action,
        "actor_id": actor.user_id if actor else None,
        "actor_name": actor and actor.name,
        "actor_email": actor and actor.email,
        "workspace_id": event.workspace_id,
        "project_id": event.project_id,
        "target_type": event.target[0],
        "target_id": event.target[1],
        "request_id": origin.request_id,
        "address": origin.address,
        "user_agent": origin.user_agent,
        "token_id": actor.token_id if isinstance(actor, Caller) else None,
        "details": event.details or {},
    }
