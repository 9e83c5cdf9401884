"""SQL of personal access tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEEP_EXPIRED = 30  # days that an expired token stays in its owner's list


def insert(
    conn: Connection,
    token_id: UUID,
    user_id: UUID,
    *,
    name: str,
    scopes: list[str],
    digest: bytes,
    expires_at: datetime | None,
) -> dict[str, Any]:
    """Store a token's digest."""
    return (
        conn.execute(
            """
        INSERT INTO personal_tokens (id, user_id, name, scopes, digest, expires_at)
        VALUES (%s, %s, %s, %s, %s, %s)
        RETURNING id, name, scopes, created_at, expires_at, last_used_at
        """,
            [token_id, user_id, name, scopes, digest, expires_at],
        ).fetchone()
        or {}
    )


def count(conn: Connection, user_id: UUID) -> int:
    """Count a person's tokens, the expired ones too."""
    row = conn.execute(
        "SELECT count(*) AS tokens FROM personal_tokens WHERE user_id = %s", [user_id]
    ).fetchone()
    return row["tokens"] if row else 0


def of_person(
    conn: Connection, user_id: UUID, *, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a person's tokens, newest first, from before a given one."""
    return conn.execute(
        """
        SELECT id, name, scopes, created_at, expires_at, last_used_at FROM personal_tokens
        WHERE user_id = %(user_id)s AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": before, "limit": limit},
    ).fetchall()


def by_id(conn: Connection, user_id: UUID, token_id: UUID) -> dict[str, Any] | None:
    """Return one of a person's tokens."""
    return conn.execute(
        """
        SELECT id, name, scopes, created_at, expires_at, last_used_at FROM personal_tokens
        WHERE user_id = %s AND id = %s
        """,
        [user_id, token_id],
    ).fetchone()


def delete(conn: Connection, user_id: UUID, token_id: UUID) -> dict[str, Any] | None:
    """Delete one of a person's tokens; return what it was."""
    return conn.execute(
        "DELETE FROM personal_tokens WHERE user_id = %s AND id = %s RETURNING id, name",
        [user_id, token_id],
    ).fetchone()


def delete_all(conn: Connection, user_id: UUID) -> list[dict[str, Any]]:
    """Delete all of a person's tokens; return what they were."""
    return conn.execute(
        "DELETE FROM personal_tokens WHERE user_id = %s RETURNING id, name", [user_id]
    ).fetchall()


def delete_expired(conn: Connection, limit: int) -> int:
    """Delete up to `limit` tokens that expired longer ago than they are kept; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM personal_tokens WHERE id IN (
            SELECT id FROM personal_tokens
            WHERE expires_at < now() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [KEEP_EXPIRED, limit],
    )
    return cursor.rowcount
