"""SQL of the secrets that webhooks are signed with: sealed, all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def insert(
    conn: Connection, secret_id: UUID, endpoint_id: UUID, key_id: str, sealed: bytes
) -> dict[str, Any]:
    """Keep an endpoint's newest secret."""
    return (
        conn.execute(
            """
            INSERT INTO webhook_secrets (id, endpoint_id, key_id, sealed) VALUES (%s, %s, %s, %s)
            RETURNING id, endpoint_id, created_at, expires_at
            """,
            [secret_id, endpoint_id, key_id, sealed],
        ).fetchone()
        or {}
    )


def live(conn: Connection, endpoint_id: UUID) -> list[dict[str, Any]]:
    """Return the secrets that an endpoint's deliveries are signed with, newest first."""
    return conn.execute(
        """
        SELECT id, key_id, sealed, expires_at FROM webhook_secrets
        WHERE endpoint_id = %s AND (expires_at IS NULL OR expires_at > now())
        ORDER BY id DESC
        """,
        [endpoint_id],
    ).fetchall()


def expire(conn: Connection, endpoint_id: UUID, seconds: int) -> None:
    """Have an endpoint's secrets end in so many seconds, those that would not before."""
    conn.execute(
        """
        UPDATE webhook_secrets SET expires_at = now() + make_interval(secs => %s)
        WHERE endpoint_id = %s
          AND (expires_at IS NULL OR expires_at > now() + make_interval(secs => %s))
        """,
        [seconds, endpoint_id, seconds],
    )


def delete(conn: Connection, secret_id: UUID) -> None:
    """Delete a secret."""
    conn.execute("DELETE FROM webhook_secrets WHERE id = %s", [secret_id])


def delete_expired(conn: Connection, limit: int) -> int:
    """Delete up to `limit` secrets that have ended; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM webhook_secrets WHERE id IN (
            SELECT id FROM webhook_secrets WHERE expires_at < now()
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [limit],
    )
    return cursor.rowcount


def sealed_by(conn: Connection, key_ids: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """Lock and return up to `limit` secrets that are sealed by keys of these ids."""
    return conn.execute(
        """
        SELECT id, key_id, sealed FROM webhook_secrets WHERE key_id = ANY(%s)
        LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [list(key_ids), limit],
    ).fetchall()


def reseal(conn: Connection, secret_id: UUID, key_id: str, sealed: bytes) -> None:
    """Keep a secret as it is sealed now."""
    conn.execute(
        "UPDATE webhook_secrets SET key_id = %s, sealed = %s WHERE id = %s",
        [key_id, sealed, secret_id],
    )
