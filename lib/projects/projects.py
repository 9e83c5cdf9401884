"""Projects: create, list, change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.access.permissions import require
from lib.audit import events
from lib.bridge import rooms
from lib.ids import new_id
from lib.projects import list_queries, queries

if TYPE_CHECKING:
    from lib.access.lookups import Asking
    from lib.http.sorting import Place
    from lib.stores.connection import Connection
    from lib.stores.tables import Table


def create(access: Access, *, name: str, description: str) -> dict[str, Any]:
    """Create a project in the workspace."""
    project = queries.insert(access.conn, new_id(), access.id, name, description)
    _record(access, "project.created", project, {"name": name})
    return project | {"role": access.role}


def reached(asking: Asking, *, cursor: Place | None, limit: int, **wanted: Any) -> Table:
    """List all projects that the caller can reach; one more than `limit` when there are more.

    Those that are `deleted` are shown to their owners. Raises Unauthenticated.
    """
    return list_queries.reached(asking, after=cursor, limit=limit + 1, **wanted)[1]


def of_workspace(asking: Asking, *, cursor: Place | None, limit: int, **wanted: Any) -> Table:
    """List the workspace's projects, or its trash; one more than `limit` when there are more.

    Raises Unauthenticated, NotFound, and Forbidden where a member who is no owner asks for what is
    deleted.
    """
    access, rows = list_queries.of_workspace(asking, after=cursor, limit=limit + 1, **wanted)
    if wanted["deleted"]:
        require("project.restore", access.role)
    return rows


def ids_of_workspace(conn: Connection, workspace_id: UUID) -> list[UUID]:
    """Return the ids of all projects of a workspace that are not deleted."""
    return queries.ids_of_workspace(conn, workspace_id)


def by_id(conn: Connection, project_id: UUID) -> dict[str, Any] | None:
    """Return a project, for work that no caller is waiting for."""
    return queries.by_id(conn, project_id)


def update(access: Access, changes: dict[str, str]) -> dict[str, Any]:
    """Change the project's name, description or both; the room hears of it."""
    new = {"name": access.target["name"], "description": access.target["description"]} | changes
    project = queries.update(access.conn, access.id, **new)
    _record(access, "project.updated", project, changes)
    shown = {"project_id": str(access.id), "deleted": False} | new
    rooms.announce(access.conn, access.id, rooms.PROJECT_UPDATED, shown)
    return project | {"role": access.role}


def _record(access: Access, action: str, project: dict[str, Any], details: dict[str, Any]) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("project", project["id"]),
        workspace_id=project["workspace_id"],
        project_id=project["id"],
        details=details,
    )
