"""SQL of workspaces and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

DELETED_WITHIN = 20  # seconds that a statement may take which deletes all that is in a workspace

_COLUMNS = "id, name, archived_at, created_at, updated_at"


def insert(conn: Connection, workspace_id: UUID, name: str) -> dict[str, Any]:
    """Create a workspace."""
    return (
        conn.execute(
            f"""
        INSERT INTO workspaces (id, name) VALUES (%s, %s) RETURNING {_COLUMNS}
        """,  # noqa: S608
            [workspace_id, name],
        ).fetchone()
        or {}
    )


def by_id(conn: Connection, workspace_id: UUID) -> dict[str, Any] | None:
    """Return a workspace."""
    return conn.execute(
        f"SELECT {_COLUMNS} FROM workspaces WHERE id = %s",  # noqa: S608
        [workspace_id],
    ).fetchone()


def of_member(
    conn: Connection, user_id: UUID, *, archived: bool, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the workspaces that a person is a member of, oldest first, from after a given one.

    Either those that are archived, or those that are not.
    """
    return conn.execute(
        """
        SELECT w.id, w.name, m.role, w.archived_at, w.created_at, w.updated_at
        FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = %(user_id)s AND (w.archived_at IS NOT NULL) = %(archived)s
          AND (%(after)s::uuid IS NULL OR w.id > %(after)s::uuid)
        ORDER BY w.id LIMIT %(limit)s
        """,
        {"user_id": user_id, "archived": archived, "after": after, "limit": limit},
    ).fetchall()


def for_member(conn: Connection, workspace_id: UUID, user_id: UUID) -> dict[str, Any] | None:
    """Return a workspace with the role of one of its members; None for somebody who is none."""
    return conn.execute(
        """
        SELECT w.id, w.name, m.role, w.archived_at, w.created_at, w.updated_at
        FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.workspace_id = %s AND m.user_id = %s
        """,
        [workspace_id, user_id],
    ).fetchone()


def rename(conn: Connection, workspace_id: UUID, name: str) -> dict[str, Any]:
    """Give a workspace another name."""
    return (
        conn.execute(
            f"""
        UPDATE workspaces SET name = %s, updated_at = now() WHERE id = %s RETURNING {_COLUMNS}
        """,  # noqa: S608
            [name, workspace_id],
        ).fetchone()
        or {}
    )


def archive(conn: Connection, workspace_id: UUID, archived: bool) -> dict[str, Any]:
    """Put a workspace into the archive, or take it out."""
    return (
        conn.execute(
            f"""
        UPDATE workspaces SET archived_at = CASE WHEN %s THEN now() END, updated_at = now()
        WHERE id = %s RETURNING {_COLUMNS}
        """,  # noqa: S608
            [archived, workspace_id],
        ).fetchone()
        or {}
    )


def delete(conn: Connection, workspace_id: UUID) -> None:
    """Delete a workspace and all that is in it."""
    conn.take_time(DELETED_WITHIN)
    conn.execute("DELETE FROM workspaces WHERE id = %s", [workspace_id])


def insert_member(conn: Connection, workspace_id: UUID, user_id: UUID, role: str) -> bool:
    """Add a member unless already one; return whether added."""
    cursor = conn.execute(
        """
        INSERT INTO workspace_members (workspace_id, user_id, role) VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [workspace_id, user_id, role],
    )
    return cursor.rowcount == 1


_MEMBER = """
SELECT u.id, u.id AS user_id, m.workspace_id, u.name, u.email, m.role, m.created_at AS joined_at
FROM workspace_members m JOIN users u ON u.id = m.user_id
WHERE m.workspace_id = %(workspace_id)s
"""


def members(
    conn: Connection, workspace_id: UUID, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a workspace's members, in the order of their ids, from after a given one."""
    return conn.execute(
        _MEMBER
        + "AND (%(after)s::uuid IS NULL OR u.id > %(after)s::uuid) ORDER BY u.id LIMIT %(limit)s",
        {"workspace_id": workspace_id, "after": after, "limit": limit},
    ).fetchall()


def member(conn: Connection, workspace_id: UUID, user_id: UUID) -> dict[str, Any] | None:
    """Return one member of a workspace."""
    return conn.execute(
        _MEMBER + "AND m.user_id = %(user_id)s", {"workspace_id": workspace_id, "user_id": user_id}
    ).fetchone()


def member_ids(conn: Connection, workspace_id: UUID) -> list[UUID]:
    """Return everybody who can reach a workspace's projects: members and guests."""
    rows = conn.execute(
        """
        SELECT user_id FROM workspace_members WHERE workspace_id = %(workspace_id)s
        UNION
        SELECT g.user_id FROM project_members g JOIN projects p ON p.id = g.project_id
        WHERE p.workspace_id = %(workspace_id)s
        """,
        {"workspace_id": workspace_id},
    )
    return [row["user_id"] for row in rows]


def owner_addresses(conn: Connection, workspace_id: UUID) -> list[dict[str, Any]]:
    """Return the owners' names and addresses, with the name of the workspace."""
    return conn.execute(
        """
        SELECT u.name, u.email, w.name AS workspace
        FROM workspaces w
        JOIN workspace_members m ON m.workspace_id = w.id AND m.role = 'owner'
        JOIN users u ON u.id = m.user_id
        WHERE w.id = %s
        """,
        [workspace_id],
    ).fetchall()


def owners(conn: Connection, workspace_id: UUID) -> int:
    """Count a workspace's owners."""
    row = conn.execute(
        """
        SELECT count(*) AS owners FROM workspace_members
        WHERE workspace_id = %s AND role = 'owner'
        """,
        [workspace_id],
    ).fetchone()
    return row["owners"] if row else 0


def set_role(conn: Connection, workspace_id: UUID, user_id: UUID, role: str) -> None:
    """Give a member another role."""
    conn.execute(
        "UPDATE workspace_members SET role = %s WHERE workspace_id = %s AND user_id = %s",
        [role, workspace_id, user_id],
    )


def delete_member(conn: Connection, workspace_id: UUID, user_id: UUID) -> None:
    """Take a member out of a workspace."""
    conn.execute(
        "DELETE FROM workspace_members WHERE workspace_id = %s AND user_id = %s",
        [workspace_id, user_id],
    )


def lock_of_member(conn: Connection, user_id: UUID) -> None:
    """Lock all workspaces of a person until the commit, in the order of their ids."""
    conn.execute(
        """
        SELECT w.id FROM workspaces w JOIN workspace_members m ON m.workspace_id = w.id
        WHERE m.user_id = %s ORDER BY w.id FOR UPDATE OF w
        """,
        [user_id],
    )


def standing_of_member(conn: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """List a person's workspaces: whether anybody else is in, and they are the last owner.

    Somebody who is in one of its projects only is in, too.
    """
    return conn.execute(
        """
        SELECT w.id, w.name,
               m.role = 'owner' AND NOT EXISTS (
                   SELECT FROM workspace_members o
                   WHERE o.workspace_id = w.id AND o.role = 'owner' AND o.user_id <> m.user_id
               ) AS last_owner,
               EXISTS (
                   SELECT FROM workspace_members o
                   WHERE o.workspace_id = w.id AND o.user_id <> m.user_id
               ) OR EXISTS (
                   SELECT FROM project_members g JOIN projects p ON p.id = g.project_id
                   WHERE p.workspace_id = w.id AND g.user_id <> m.user_id
               ) AS others
        FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = %s ORDER BY w.id
        """,
        [user_id],
    ).fetchall()
