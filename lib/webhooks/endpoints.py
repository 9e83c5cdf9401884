"""Endpoints: where a workspace's owners have its events sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.audit import events
from lib.errors import Conflict, Invalid, NotFound, mistake
from lib.ids import new_id
from lib.projects import projects
from lib.webhooks import addresses, delivery_queries, queries, secret_store

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_ENDPOINTS = 20  # of one workspace

Row = dict[str, Any]


def create(access: Access, **given: Any) -> Row:
    """Add an endpoint and return it with its `secret`, which is never shown again.

    Raises Invalid for a project that is not in the workspace, Conflict when there are as many
    endpoints as a workspace may have.
    """
    if queries.count(access.conn, access.id) >= MAX_ENDPOINTS:
        raise Conflict(f"The workspace has {MAX_ENDPOINTS} webhooks; delete one first.")
    _check_project(access, given["project_id"])
    endpoint = given | {"id": new_id(), "workspace_id": access.id}
    queries.insert(access.conn, endpoint)
    secret = secret_store.add(access.conn, endpoint["id"])
    record(access, "webhook.created", endpoint, events=given["events"])
    return read(access, endpoint["id"]) | {"secret": secret["secret"]}


def of_workspace(
    conn: Connection, workspace_id: UUID, *, cursor: UUID | None, limit: int
) -> list[Row]:
    """List the endpoints, oldest first; one more than `limit` when there are more."""
    return queries.of_workspace(conn, workspace_id, after=cursor, limit=limit + 1)


def read(access: Access, webhook_id: UUID) -> Row:
    """Return an endpoint of the workspace; raises NotFound."""
    return _found(queries.by_id(access.conn, access.id, webhook_id))


def held(access: Access, webhook_id: UUID, **_: Any) -> Row:
    """Return an endpoint of the workspace, as it stays until the commit; raises NotFound."""
    return _found(queries.lock(access.conn, access.id, webhook_id))


def require_enabled(access: Access, webhook_id: UUID) -> Row:
    """Return an endpoint as `held` does; raises Conflict for one that is disabled."""
    endpoint = held(access, webhook_id)
    if not endpoint["enabled"]:
        raise Conflict("The webhook is disabled; enable it first.")
    return endpoint


def wake(access: Access, webhook_id: UUID) -> None:
    """Have what waits for an endpoint sent at once, though it has failed a moment ago."""
    queries.wake(access.conn, webhook_id)


def update(access: Access, webhook_id: UUID, changes: Row) -> Row:
    """Change an endpoint; what waits for one that is disabled is given up.

    Raises NotFound, and Invalid as `create` does.
    """
    endpoint = held(access, webhook_id)
    if "project_id" in changes:
        _check_project(access, changes["project_id"])
    queries.update(access.conn, endpoint | changes)
    if endpoint["enabled"] and changes.get("enabled") is False:
        delivery_queries.give_up_waiting(access.conn, webhook_id)
    record(access, "webhook.updated", endpoint | changes, changed=sorted(changes))
    return read(access, webhook_id)


def delete(access: Access, webhook_id: UUID) -> None:
    """Delete an endpoint, with its secrets and its log; raises NotFound."""
    endpoint = held(access, webhook_id)
    queries.delete(access.conn, webhook_id)
    record(access, "webhook.deleted", endpoint)


def forget(conn: Connection, limit: int) -> int:
    """Delete up to `limit` endpoints of deleted workspaces that have heard all; return how many."""
    return queries.delete_orphans(conn, limit)


def record(access: Access, action: str, endpoint: Row, **details: Any) -> None:
    """Record what was done to an endpoint; of its URL, which often is a password, the origin."""
    events.record(
        access.conn,
        action,
        access.caller,
        target=("webhook", endpoint["id"]),
        workspace_id=access.id,
        details={"origin": addresses.origin(endpoint["url"])} | details,
    )


def _found(endpoint: Row | None) -> Row:
    if endpoint is None:
        raise NotFound()
    return endpoint


def _check_project(access: Access, project_id: UUID | None) -> None:
    if project_id and project_id not in projects.ids_of_workspace(access.conn, access.id):
        raise Invalid(mistake("/project_id", "There is no such project in the workspace."))
