"""The trash: a deleted project is hidden with all that is in it; it can be restored for 30 days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import evictions, rooms
from lib.errors import Conflict
from lib.projects import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEPT_DAYS = 30  # days in the trash
PURGE_WITHIN = 20  # seconds that a statement may take which deletes all that is in a project


def put(access: Access) -> None:
    """Put the project into the trash; whoever is in its room is told and let go.

    Jobs that have not ended are cancelled: one that ran weeks later, after a restore, would
    surprise, and can be submitted again.
    """
    from lib.jobs import cancellation  # which the other methods of this function don't need

    queries.set_deleted(access.conn, access.id, deleted=True)
    cancellation.of_deleted_project(access)
    _tell(access, "project.deleted", deleted=True)
    people = queries.people(access.conn, access.id, access.target["workspace_id"])
    evictions.announce(access.conn, *people)


def restore(access: Access) -> dict[str, Any]:
    """Take the project out of the trash as it was, but for its cancelled jobs, and return it."""
    if access.target["deleted_at"]:
        queries.set_deleted(access.conn, access.id, deleted=False)
        _tell(access, "project.restored", deleted=False)
    return access.shown


def purge(access: Access) -> None:
    """Delete the project for good, with all that is in it; raises Conflict if it is not deleted."""
    if not access.target["deleted_at"]:
        raise Conflict("Delete the project first; then it can be deleted for good.")
    access.conn.take_time(PURGE_WITHIN)
    queries.delete(access.conn, access.id)
    _record(access, "project.purged")


def purge_oldest(conn: Connection) -> bool:
    """Delete for good one project that has been in the trash for too long; False: there is none."""
    conn.take_time(PURGE_WITHIN)
    project = queries.delete_oldest(conn, KEPT_DAYS)
    if project is None:
        return False
    events.record(
        conn,
        "project.purged",
        None,
        target=("project", project["id"]),
        workspace_id=project["workspace_id"],
        project_id=project["id"],
        details={"name": project["name"]},
    )
    return True


def _tell(access: Access, action: str, *, deleted: bool) -> None:
    _record(access, action)
    shown = {"project_id": str(access.id), "deleted": deleted}
    rooms.announce(access.conn, access.id, rooms.PROJECT_UPDATED, shown)


def _record(access: Access, action: str) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("project", access.id),
        workspace_id=access.target["workspace_id"],
        project_id=access.id,
        details={"name": access.target["name"]},
    )
