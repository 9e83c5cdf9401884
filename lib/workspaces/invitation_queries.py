"""SQL of invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEEP_ENDED = 30  # days that an invitation stays in the lists after its end

_SELECT = """
SELECT i.id, i.workspace_id, i.email, i.role, i.max_uses, i.uses, i.created_at, i.expires_at,
       jsonb_build_object('id', u.id, 'name', u.name) AS invited_by,
       w.name AS workspace_name, w.archived_at,
       CASE WHEN i.revoked_at IS NOT NULL THEN 'revoked' WHEN i.uses >= i.max_uses THEN 'used'
            WHEN i.expires_at <= now() THEN 'expired' ELSE 'pending' END AS state
FROM invitations i
JOIN workspaces w ON w.id = i.workspace_id
JOIN users u ON u.id = i.invited_by
"""


def insert(conn: Connection, invitation: dict[str, Any]) -> bool:
    """Create an invitation unless its address has one that is open; return whether created."""
    cursor = conn.execute(
        """
        INSERT INTO invitations (id, workspace_id, invited_by, email, role, max_uses, expires_in,
                                 expires_at)
        VALUES (%(id)s, %(workspace_id)s, %(invited_by)s, %(email)s, %(role)s, %(max_uses)s,
                %(expires_in)s, now() + make_interval(secs => %(expires_in)s))
        ON CONFLICT DO NOTHING
        """,
        invitation,
    )
    return cursor.rowcount == 1


def by_id(conn: Connection, invitation_id: UUID) -> dict[str, Any] | None:
    """Return an invitation with its state, its inviter and its workspace's name."""
    return conn.execute(_SELECT + "WHERE i.id = %s", [invitation_id]).fetchone()


def of_workspace(
    conn: Connection, workspace_id: UUID, *, state: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a workspace's invitations of one state, or all, oldest first, from after a given one."""
    return conn.execute(
        f"""
        SELECT * FROM ({_SELECT} WHERE i.workspace_id = %(workspace_id)s) found
        WHERE (%(state)s::text IS NULL OR state = %(state)s)
          AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
        ORDER BY id LIMIT %(limit)s
        """,  # noqa: S608
        {"workspace_id": workspace_id, "state": state, "after": after, "limit": limit},
    ).fetchall()


def count_use(conn: Connection, invitation_id: UUID) -> None:
    """Count one more use."""
    conn.execute("UPDATE invitations SET uses = uses + 1 WHERE id = %s", [invitation_id])


def renew(conn: Connection, invitation_id: UUID, invited_by: UUID) -> None:
    """Let an invitation last as long again as at first, from now on, and somebody answer for it."""
    conn.execute(
        """
        UPDATE invitations SET expires_at = now() + make_interval(secs => expires_in),
            invited_by = %s
        WHERE id = %s
        """,
        [invited_by, invitation_id],
    )


def revoke(conn: Connection, invitation_id: UUID) -> None:
    """End an invitation."""
    conn.execute("UPDATE invitations SET revoked_at = now() WHERE id = %s", [invitation_id])


def revoke_expired(conn: Connection, workspace_id: UUID, email: str) -> None:
    """End what has expired for an address, so that it can be invited anew."""
    conn.execute(
        """
        UPDATE invitations SET revoked_at = now()
        WHERE workspace_id = %s AND email = %s AND uses = 0 AND revoked_at IS NULL
          AND expires_at <= now()
        """,
        [workspace_id, email],
    )


def revoke_of(conn: Connection, workspace_id: UUID, invited_by: UUID) -> list[dict[str, Any]]:
    """End all open invitations of one inviter into one workspace, and return them."""
    return conn.execute(
        """
        UPDATE invitations SET revoked_at = now()
        WHERE invited_by = %s AND workspace_id = %s AND uses < max_uses AND revoked_at IS NULL
        RETURNING id, email, role, max_uses
        """,
        [invited_by, workspace_id],
    ).fetchall()


def delete_ended(conn: Connection, limit: int) -> int:
    """Delete up to `limit` invitations that ended longer ago than that; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM invitations WHERE id IN (
            SELECT id FROM invitations
            WHERE least(revoked_at, expires_at) < now() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [KEEP_ENDED, limit],
    )
    return cursor.rowcount
