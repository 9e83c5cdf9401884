"""SQL of the endpoints that webhooks lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_SELECT = """
SELECT e.id, e.workspace_id, e.project_id, e.url, e.description, e.events, e.enabled,
       e.disabled_for, e.failing_since, e.created_at, e.updated_at,
       (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.id DESC), '[]')
        FROM (SELECT id, created_at, expires_at FROM webhook_secrets
              WHERE endpoint_id = e.id AND (expires_at IS NULL OR expires_at > now())) s) AS secrets
FROM webhook_endpoints e
"""


def insert(conn: Connection, endpoint: Row) -> None:
    """Create an endpoint."""
    conn.execute(
        """
        INSERT INTO webhook_endpoints (id, workspace_id, project_id, url, description, events,
                                       enabled)
        VALUES (%(id)s, %(workspace_id)s, %(project_id)s, %(url)s, %(description)s, %(events)s,
                %(enabled)s)
        """,
        endpoint,
    )


def count(conn: Connection, workspace_id: UUID) -> int:
    """Count a workspace's endpoints."""
    row = conn.execute(
        "SELECT count(*) AS endpoints FROM webhook_endpoints WHERE workspace_id = %s",
        [workspace_id],
    ).fetchone()
    return row["endpoints"] if row else 0


def of_workspace(
    conn: Connection, workspace_id: UUID, *, after: UUID | None, limit: int
) -> list[Row]:
    """List a workspace's endpoints, oldest first, from after a given one."""
    return conn.execute(
        _SELECT
        + """
        WHERE e.workspace_id = %(workspace_id)s AND (%(after)s::uuid IS NULL OR e.id > %(after)s)
        ORDER BY e.id LIMIT %(limit)s
        """,
        {"workspace_id": workspace_id, "after": after, "limit": limit},
    ).fetchall()


def by_id(conn: Connection, workspace_id: UUID, endpoint_id: UUID) -> Row | None:
    """Return an endpoint of a workspace."""
    return conn.execute(
        _SELECT + "WHERE e.workspace_id = %s AND e.id = %s", [workspace_id, endpoint_id]
    ).fetchone()


def lock(conn: Connection, workspace_id: UUID, endpoint_id: UUID) -> Row | None:
    """Return an endpoint of a workspace, as it stays until the transaction ends."""
    return conn.execute(
        _SELECT + "WHERE e.workspace_id = %s AND e.id = %s FOR NO KEY UPDATE OF e",
        [workspace_id, endpoint_id],
    ).fetchone()


def update(conn: Connection, endpoint: Row) -> None:
    """Change an endpoint; one that is enabled has done nothing wrong yet."""
    conn.execute(
        """
        UPDATE webhook_endpoints SET url = %(url)s, description = %(description)s,
            events = %(events)s, project_id = %(project_id)s, enabled = %(enabled)s,
            disabled_for = CASE WHEN NOT %(enabled)s THEN disabled_for END,
            failing_since = CASE WHEN enabled = %(enabled)s THEN failing_since END,
            rests_until = NULL,
            updated_at = now()
        WHERE id = %(id)s
        """,
        endpoint,
    )


def delete(conn: Connection, endpoint_id: UUID) -> None:
    """Delete an endpoint with its secrets and deliveries."""
    conn.execute("DELETE FROM webhook_endpoints WHERE id = %s", [endpoint_id])


def delete_orphans(conn: Connection, limit: int) -> int:
    """Delete up to `limit` endpoints of no workspace that nothing waits for; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM webhook_endpoints WHERE id IN (
            SELECT id FROM webhook_endpoints e
            WHERE workspace_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries WHERE endpoint_id = e.id AND state = 'pending'
            )
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [limit],
    )
    return cursor.rowcount


def note_success(conn: Connection, endpoint_id: UUID, slow: bool) -> None:
    """Remember that an endpoint does not fail, and whether it is slow, if that is news."""
    conn.execute(
        """
        UPDATE webhook_endpoints SET failing_since = NULL, rests_until = NULL, slow = %(slow)s
        WHERE id = %(id)s AND (failing_since IS NOT NULL OR slow <> %(slow)s)
        """,
        {"id": endpoint_id, "slow": slow},
    )


def note_failure(
    conn: Connection, endpoint_id: UUID, *, days: int, rest: tuple[float, float], part: float
) -> Row | None:
    """Remember since when an endpoint fails, and let it rest; lock and return it.

    It rests for `part` of the time since then, but for so many seconds at least and at most. The
    row tells whether it has failed for as many `days`, `for_too_long`.
    """
    least, most = rest
    return conn.execute(
        """
        UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()),
            rests_until = now() + make_interval(secs => greatest(%(least)s, least(%(most)s,
                extract(epoch FROM now() - coalesce(failing_since, now()))::float8 * %(part)s)))
        WHERE id = %(id)s
        RETURNING id, workspace_id, url, enabled,
                  failing_since < now() - make_interval(days => %(days)s) AS for_too_long
        """,
        {"id": endpoint_id, "days": days, "least": least, "most": most, "part": part},
    ).fetchone()


def wake(conn: Connection, endpoint_id: UUID) -> None:
    """Let an endpoint rest no more: somebody means to see whether it is well."""
    conn.execute("UPDATE webhook_endpoints SET rests_until = NULL WHERE id = %s", [endpoint_id])


def disable(conn: Connection, endpoint_id: UUID, reason: str) -> None:
    """Disable an endpoint that can't be used."""
    conn.execute(
        """
        UPDATE webhook_endpoints SET enabled = false, disabled_for = %s, updated_at = now()
        WHERE id = %s
        """,
        [reason, endpoint_id],
    )
