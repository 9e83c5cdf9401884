"""Files of a project: create, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import docs, rooms
from lib.errors import Conflict
from lib.files import documents, queries
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def create(access: Access, *, path: str, content: str) -> dict[str, Any]:
    """Create a file in the project; raises Conflict when the path is taken."""
    file_id, author_id = new_id(), access.caller.user_id
    snapshot = documents.snapshot_of(content)
    file = queries.insert(access.conn, file_id, access.id, author_id, path, content, snapshot)
    if file is None:
        raise Conflict(f"There is a file at {path} already.")
    project = access.target
    _tell(access, "file.created", file, project["workspace_id"], "created")
    return file | {"content": content}


def of_project(
    conn: Connection, project_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the files, oldest first; one more than `limit` when there are more."""
    return queries.of_project(conn, project_id, after=cursor, limit=limit + 1)


def paths(conn: Connection, project_id: UUID) -> list[str]:
    """Return the paths of all files of a project."""
    return queries.paths(conn, project_id)


def with_content(
    conn: Connection, project_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return up to `limit` files with their content, oldest first."""
    return queries.with_content(conn, project_id, after=cursor, limit=limit)


def delete(access: Access) -> None:
    """Delete the file with its history."""
    queries.delete(access.conn, access.id)
    docs.announce(access.conn, access.id)
    _tell(access, "file.deleted", access.target, access.target["workspace_id"], "deleted")


def _tell(
    access: Access, action: str, file: dict[str, Any], workspace_id: UUID, change: str
) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("file", file["id"]),
        workspace_id=workspace_id,
        project_id=file["project_id"],
        details={"path": file["path"]},
    )
    shown = {"project_id": str(file["project_id"]), "file_id": str(file["id"])}
    shown |= {"path": file["path"], "file": change}
    rooms.announce(access.conn, file["project_id"], rooms.PROJECT_UPDATED, shown)
