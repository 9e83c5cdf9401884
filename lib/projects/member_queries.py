"""SQL of who can reach a project: the members of its workspace, and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_MEMBERS = """
SELECT u.id, u.id AS user_id, p.id AS project_id, u.name, u.email,
    greatest(m.workspace_role, m.project_role) AS role, m.workspace_role, m.project_role,
    CASE WHEN m.workspace_role >= coalesce(m.project_role, m.workspace_role)
         THEN 'workspace' ELSE 'project' END AS via,
    m.joined_at
FROM projects p
CROSS JOIN LATERAL (
    SELECT user_id, wm.role AS workspace_role, pm.role AS project_role,
        least(wm.created_at, pm.created_at) AS joined_at
    FROM (SELECT * FROM workspace_members WHERE workspace_id = p.workspace_id) wm
    FULL JOIN (SELECT * FROM project_members WHERE project_id = p.id) pm USING (user_id)
) m
JOIN users u ON u.id = m.user_id
WHERE p.id = %(project_id)s
"""


def members(conn: Connection, project_id: UUID, *, after: UUID | None, limit: int) -> list[Row]:
    """List everybody who can reach a project, in the order of their ids, from after a given one."""
    return conn.execute(
        _MEMBERS
        + "AND (%(after)s::uuid IS NULL OR u.id > %(after)s::uuid) ORDER BY u.id LIMIT %(limit)s",
        {"project_id": project_id, "after": after, "limit": limit},
    ).fetchall()


def member(conn: Connection, project_id: UUID, user_id: UUID) -> Row | None:
    """Return one of those who can reach a project."""
    return conn.execute(
        _MEMBERS + "AND m.user_id = %(user_id)s", {"project_id": project_id, "user_id": user_id}
    ).fetchone()


def roles_in_workspace(conn: Connection, workspace_id: UUID, user_id: UUID) -> list[Row]:
    """Return somebody's role in each project of a workspace that is not deleted: the higher one."""
    return conn.execute(
        """
        SELECT p.id AS project_id, greatest(wm.role, pm.role) AS role
        FROM projects p
        LEFT JOIN workspace_members wm
            ON wm.workspace_id = p.workspace_id AND wm.user_id = %(user_id)s
        LEFT JOIN project_members pm ON pm.project_id = p.id AND pm.user_id = %(user_id)s
        WHERE p.workspace_id = %(workspace_id)s AND p.deleted_at IS NULL
        """,
        {"workspace_id": workspace_id, "user_id": user_id},
    ).fetchall()


def set_role(conn: Connection, project_id: UUID, user_id: UUID, role: str) -> None:
    """Give somebody a role on a project, the first or another."""
    conn.execute(
        """
        INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)
        ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role
        """,
        [project_id, user_id, role],
    )


def delete(conn: Connection, project_id: UUID, user_id: UUID) -> None:
    """Take the role on a project from somebody."""
    conn.execute(
        "DELETE FROM project_members WHERE project_id = %s AND user_id = %s", [project_id, user_id]
    )


def delete_in_workspace(conn: Connection, workspace_id: UUID, user_id: UUID) -> None:
    """Take the roles on all projects of a workspace from somebody."""
    conn.execute(
        """
        DELETE FROM project_members m USING projects p
        WHERE p.id = m.project_id AND p.workspace_id = %s AND m.user_id = %s
        """,
        [workspace_id, user_id],
    )
