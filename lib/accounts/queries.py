"""SQL of accounts, sessions and refresh tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Origin

if TYPE_CHECKING:
    from lib.stores.connection import Connection

# Days that an ended session stays: reuse of its tokens is still recognised, its device still known.
KEEP_ENDED = 30
KNOWN_FOR = 30  # days that a device is known after its last session was last used


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


def credentials(conn: Connection, email: str, origin: Origin) -> dict[str, Any] | None:
    """Return what log-in needs of the account with this address.

    `known_device`: it had a session from the same network address and user agent lately.
    """
    return conn.execute(
        """
        SELECT u.id, u.email, u.name, u.password_hash, u.password_version,
               u.email_verified_at IS NOT NULL AS email_verified,
               EXISTS (
                   SELECT FROM sessions s
                   WHERE s.user_id = u.id AND s.address = %(address)s AND s.user_agent = %(agent)s
                     AND s.last_seen_at > now() - make_interval(days => %(days)s)
               ) AS known_device
        FROM users u WHERE u.email = %(email)s
        """,
        {
            "email": email,
            "address": origin.address,
            "agent": origin.user_agent,
            "days": KNOWN_FOR,
        },
    ).fetchone()


def hold_password(conn: Connection, user_id: UUID, version: int) -> bool:
    """Keep an account's password from changing until the commit; False: it has changed already."""
    row = conn.execute(
        "SELECT id FROM users WHERE id = %s AND password_version = %s FOR NO KEY UPDATE",
        [user_id, version],
    ).fetchone()
    return row is not None


def by_email(conn: Connection, email: str) -> dict[str, Any] | None:
    """Return id, email and name of the account with this address, and keep it from going."""
    return conn.execute(
        "SELECT id, email, name FROM users WHERE email = %s FOR KEY SHARE", [email]
    ).fetchone()


def password_hash(conn: Connection, user_id: UUID) -> str | None:
    """Return an account's password hash."""
    row = conn.execute("SELECT password_hash FROM users WHERE id = %s", [user_id]).fetchone()
    return row["password_hash"] if row else None


def rehash(conn: Connection, user_id: UUID, password_hash: str) -> None:
    """Replace the hash of an account's password, which stays the same."""
    conn.execute("UPDATE users SET password_hash = %s WHERE id = %s", [password_hash, user_id])


def set_password(conn: Connection, user_id: UUID, password_hash: str) -> None:
    """Give an account another password."""
    conn.execute(
        """
        UPDATE users SET password_hash = %s, password_version = password_version + 1,
                         updated_at = now()
        WHERE id = %s
        """,
        [password_hash, user_id],
    )


def rename(conn: Connection, user_id: UUID, name: str) -> None:
    """Give a person another name."""
    conn.execute("UPDATE users SET name = %s, updated_at = now() WHERE id = %s", [name, user_id])


def verify_email(conn: Connection, user_id: UUID) -> None:
    """Note that an account's address is its owner's; the first time counts."""
    conn.execute(
        "UPDATE users SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = %s",
        [user_id],
    )


def delete_user(conn: Connection, user_id: UUID) -> None:
    """Delete an account with all that is its own."""
    conn.execute("DELETE FROM users WHERE id = %s", [user_id])


def replace_link(
    conn: Connection, link_id: UUID, user_id: UUID, purpose: str, lifetime: int
) -> None:
    """Store a one-time link that is good for `lifetime` seconds, in the place of an older one."""
    conn.execute(
        """
        INSERT INTO account_links (id, user_id, purpose, expires_at)
        VALUES (%s, %s, %s, now() + make_interval(secs => %s))
        ON CONFLICT (user_id, purpose) DO UPDATE SET
            id = excluded.id, created_at = excluded.created_at, expires_at = excluded.expires_at
        """,
        [link_id, user_id, purpose, lifetime],
    )


def use_link(conn: Connection, link_id: UUID, purpose: str) -> dict[str, Any] | None:
    """Use up a one-time link; return id, email and name of the account, None if it is not good."""
    return conn.execute(
        """
        DELETE FROM account_links l USING users u
        WHERE l.id = %s AND l.purpose = %s AND l.expires_at > now() AND u.id = l.user_id
        RETURNING u.id, u.email, u.name
        """,
        [link_id, purpose],
    ).fetchone()


def delete_expired_links(conn: Connection, limit: int) -> int:
    """Delete up to `limit` one-time links that have expired; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM account_links WHERE id IN (
            SELECT id FROM account_links WHERE expires_at < now()
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [limit],
    )
    return cursor.rowcount


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
