"""Workspaces: create, list, rename, archive, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import evictions, rooms
from lib.ids import new_id
from lib.projects import projects
from lib.workspaces import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def create(access: Access, *, name: str) -> dict[str, Any]:
    """Create a workspace, with the caller as its owner."""
    workspace = queries.insert(access.conn, new_id(), name)
    queries.insert_member(access.conn, workspace["id"], access.caller.user_id, "owner")
    _record(access, "workspace.created", workspace["id"], {"name": name})
    return workspace | {"role": "owner"}


def of_member(
    conn: Connection, user_id: UUID, *, archived: bool, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a person's workspaces, oldest first; one more than `limit` when there are more."""
    return queries.of_member(conn, user_id, archived=archived, after=cursor, limit=limit + 1)


def by_id(conn: Connection, workspace_id: UUID) -> dict[str, Any] | None:
    """Return a workspace, for work that no caller is waiting for."""
    return queries.by_id(conn, workspace_id)


def rename(access: Access, *, name: str) -> dict[str, Any]:
    """Give the workspace another name."""
    workspace = queries.rename(access.conn, access.id, name)
    _record(access, "workspace.renamed", access.id, {"name": name, "was": access.target["name"]})
    return workspace | {"role": access.role}


def archive(access: Access, archived: bool) -> dict[str, Any]:
    """Put the workspace into the archive, or take it out; its rooms hear of it.

    From the commit on nothing in it changes: the look-up of every write waits for this one.
    """
    if archived == (access.target["archived_at"] is not None):
        return access.shown
    workspace = queries.archive(access.conn, access.id, archived)
    action = "workspace.archived" if archived else "workspace.unarchived"
    _record(access, action, access.id, {"name": workspace["name"]})
    for project_id in projects.ids_of_workspace(access.conn, access.id):
        shown = {"project_id": str(project_id), "deleted": False, "archived": archived}
        rooms.announce(access.conn, project_id, rooms.PROJECT_UPDATED, shown)
    return workspace | {"role": access.role}


def delete(access: Access) -> None:
    """Delete the workspace with its projects, files and jobs; whoever is in its rooms is let go."""
    from lib.jobs import cancellation  # which the other methods of this function don't need

    members = queries.member_ids(access.conn, access.id)
    cancellation.hold_all(access)
    # Before it happens: afterwards there are no webhooks of the workspace to be told of it.
    _record(access, "workspace.deleted", access.id, {"name": access.target["name"]})
    queries.delete(access.conn, access.id)
    evictions.announce(access.conn, *members)


def _record(access: Access, action: str, workspace_id: UUID, details: dict[str, Any]) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("workspace", workspace_id),
        workspace_id=workspace_id,
        details=details,
    )
