"""SQL of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

_COLUMNS = "id, workspace_id, name, description, created_at, updated_at"


def insert(
    conn: Connection, project_id: UUID, workspace_id: UUID, name: str, description: str
) -> dict[str, Any]:
    """Create a project."""
    return (
        conn.execute(
            f"""
        INSERT INTO projects (id, workspace_id, name, description) VALUES (%s, %s, %s, %s)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
            [project_id, workspace_id, name, description],
        ).fetchone()
        or {}
    )


def by_id(conn: Connection, project_id: UUID) -> dict[str, Any] | None:
    """Return a project."""
    return conn.execute(
        f"SELECT {_COLUMNS} FROM projects WHERE id = %s",  # noqa: S608
        [project_id],
    ).fetchone()


def ids_of_workspace(conn: Connection, workspace_id: UUID) -> list[UUID]:
    """Return the ids of all projects of a workspace that are not deleted."""
    rows = conn.execute(
        "SELECT id FROM projects WHERE workspace_id = %s AND deleted_at IS NULL", [workspace_id]
    )
    return [row["id"] for row in rows]


def update(conn: Connection, project_id: UUID, name: str, description: str) -> dict[str, Any]:
    """Replace a project's name and description."""
    return (
        conn.execute(
            f"""
        UPDATE projects SET name = %s, description = %s, updated_at = now() WHERE id = %s
        RETURNING {_COLUMNS}
        """,  # noqa: S608
            [name, description, project_id],
        ).fetchone()
        or {}
    )


def set_deleted(conn: Connection, project_id: UUID, *, deleted: bool) -> None:
    """Put a project into the trash, or take it out."""
    conn.execute(
        "UPDATE projects SET deleted_at = CASE WHEN %s THEN now() END WHERE id = %s",
        [deleted, project_id],
    )


def delete(conn: Connection, project_id: UUID) -> None:
    """Delete a project and all that is in it."""
    conn.execute("DELETE FROM projects WHERE id = %s", [project_id])


def delete_oldest(conn: Connection, days: int) -> dict[str, Any] | None:
    """Delete one project that has been in the trash for over `days` days, and all that is in it."""
    return conn.execute(
        f"""
        DELETE FROM projects WHERE id = (
            SELECT id FROM projects WHERE deleted_at < now() - make_interval(days => %s)
            ORDER BY deleted_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING {_COLUMNS}
        """,  # noqa: S608
        [days],
    ).fetchone()


def people(conn: Connection, project_id: UUID, workspace_id: UUID) -> list[UUID]:
    """Return everybody who can reach a project: the workspace's members and its own guests."""
    rows = conn.execute(
        """
        SELECT user_id FROM workspace_members WHERE workspace_id = %s
        UNION SELECT user_id FROM project_members WHERE project_id = %s
        """,
        [workspace_id, project_id],
    )
    return [row["user_id"] for row in rows]
