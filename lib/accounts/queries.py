"""SQL of accounts, and of the links that are mailed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Origin

if TYPE_CHECKING:
    from lib.stores.connection import Connection

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
