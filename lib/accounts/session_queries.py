"""SQL of sessions and refresh tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Origin
from lib.access.lookup_statements import PERSON_ALONE

if TYPE_CHECKING:
    from lib.stores.connection import Connection

# Days that an ended session stays: reuse of its tokens is still recognised, its device still known.
KEEP_ENDED = 30


def sessions(
    conn: Connection, user_id: UUID, *, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a person's live sessions, newest first, from before a given one."""
    return conn.execute(
        """
        SELECT id, user_agent AS device, address, created_at, last_seen_at, expires_at
        FROM sessions
        WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > now()
          AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": before, "limit": limit},
    ).fetchall()


def insert_session(
    conn: Connection, session_id: UUID, user_id: UUID, origin: Origin, lifetime: int
) -> None:
    """Start a session that ends by itself after `lifetime` seconds without a refresh."""
    conn.execute(
        """
        INSERT INTO sessions (id, user_id, user_agent, address, expires_at)
        VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s))
        """,
        [session_id, user_id, origin.user_agent, origin.address, lifetime],
    )


def insert_refresh_token(conn: Connection, digest: bytes, session_id: UUID) -> None:
    """Store a refresh token's digest; the successor of a token asked for again is there already."""
    conn.execute(
        "INSERT INTO refresh_tokens (digest, session_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [digest, session_id],
    )


def lock_refresh_token(conn: Connection, digest: bytes, grace: int) -> dict[str, Any] | None:
    """Find a refresh token with its session, and keep others from using it until the commit."""
    # In line with the session's busy writers, who would keep it from being renewed.
    conn.put_off(
        f"""
        SELECT {PERSON_ALONE} FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
        WHERE t.digest = %s
        """,  # noqa: S608
        [digest],
    )
    return conn.execute(
        """
        SELECT t.digest, t.used_at IS NOT NULL AS used,
               t.used_at > now() - make_interval(secs => %(grace)s) AS in_grace,
               s.id AS session_id, s.user_id, u.email, u.name,
               s.revoked_at IS NULL AND s.expires_at > now() AS live
        FROM refresh_tokens t
        JOIN sessions s ON s.id = t.session_id
        JOIN users u ON u.id = s.user_id
        WHERE t.digest = %(digest)s
        FOR UPDATE OF t, s
        """,
        {"digest": digest, "grace": grace},
    ).fetchone()


def stored_tokens(conn: Connection, session_id: UUID, digests: list[bytes]) -> list[bytes]:
    """Return those of `digests` that are a session's refresh tokens."""
    rows = conn.execute(
        "SELECT digest FROM refresh_tokens WHERE session_id = %s AND digest = ANY(%s)",
        [session_id, digests],
    )
    return [bytes(row["digest"]) for row in rows]


def use_refresh_token(conn: Connection, digest: bytes) -> None:
    """Mark a refresh token as used; the first use is the one that counts."""
    conn.execute(
        "UPDATE refresh_tokens SET used_at = now() WHERE digest = %s AND used_at IS NULL", [digest]
    )


def touch(conn: Connection, session_id: UUID, lifetime: int) -> None:
    """Note that a session is in use, and let it live for another `lifetime` seconds."""
    conn.execute(
        """
        UPDATE sessions SET last_seen_at = now(), expires_at = now() + make_interval(secs => %s)
        WHERE id = %s
        """,
        [lifetime, session_id],
    )


def revoke(conn: Connection, session_id: UUID, reason: str) -> None:
    """End a session at once."""
    conn.execute(
        """
        UPDATE sessions SET revoked_at = now(), revoked_for = %s
        WHERE id = %s AND revoked_at IS NULL
        """,
        [reason, session_id],
    )


def revoke_of(
    conn: Connection,
    user_id: UUID,
    reason: str,
    *,
    only: UUID | None = None,
    but: UUID | None = None,
) -> list[UUID]:
    """End a person's live sessions: all, `only` one, or all `but` one; return which were ended."""
    rows = conn.execute(
        """
        UPDATE sessions SET revoked_at = now(), revoked_for = %(reason)s
        WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > now()
          AND (%(only)s::uuid IS NULL OR id = %(only)s::uuid)
          AND id IS DISTINCT FROM %(but)s::uuid
        RETURNING id
        """,
        {"user_id": user_id, "reason": reason, "only": only, "but": but},
    )
    return [row["id"] for row in rows]


def delete_ended(conn: Connection, limit: int) -> int:
    """Delete sessions that ended longer ago than they are kept; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions
            WHERE least(revoked_at, expires_at) < now() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [KEEP_ENDED, limit],
    )
    return cursor.rowcount
