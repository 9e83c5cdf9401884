"""SQL of accounts, sessions and refresh tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Origin

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEEP_ENDED = 7  # days that an ended session stays, so that reuse of its tokens is still recognised


def insert_user(conn: Connection, user_id: UUID, email: str, name: str, password_hash: str) -> bool:
    """Create an account unless the address is taken; return whether it was created."""
    cursor = conn.execute(
        """
        INSERT INTO users (id, email, name, password_hash) VALUES (%s, %s, %s, %s)
        ON CONFLICT ON CONSTRAINT users_email_key DO NOTHING
        """,
        [user_id, email, name, password_hash],
    )
    return cursor.rowcount == 1


def credentials(conn: Connection, email: str) -> dict[str, Any] | None:
    """Return id, email, name and password hash of the account with this address."""
    return conn.execute(
        "SELECT id, email, name, password_hash FROM users WHERE email = %s", [email]
    ).fetchone()


def id_by_email(conn: Connection, email: str) -> UUID | None:
    """Return the id of the account with this address."""
    row = conn.execute("SELECT id FROM users WHERE email = %s", [email]).fetchone()
    return row["id"] if row else None


def set_password(conn: Connection, user_id: UUID, password_hash: str) -> None:
    """Replace an account's password hash."""
    conn.execute(
        "UPDATE users SET password_hash = %s, updated_at = now() WHERE id = %s",
        [password_hash, user_id],
    )


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
