"""SQL of idempotency: answers that were given, by the digest of who asked what with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEEP_HOURS = 24


def hold(conn: Connection, digests: list[bytes]) -> bool:
    """Keep others with the same key out until the transaction ends; False: one is in already."""
    row = conn.execute(
        "SELECT bool_and(pg_try_advisory_xact_lock(key)) AS held FROM unnest(%s::bigint[]) key",
        [[int.from_bytes(digest[:8], "big", signed=True) for digest in digests]],
    ).fetchone()
    return bool(row and row["held"])


def kept(conn: Connection, digests: list[bytes]) -> dict[str, Any] | None:
    """Return digest, fingerprint and sealed answer of a request, unless they are too old."""
    return conn.execute(
        """
        SELECT digest, fingerprint, sealed FROM idempotency_keys
        WHERE digest = ANY(%s) AND created_at > now() - make_interval(hours => %s)
        ORDER BY created_at DESC LIMIT 1
        """,
        [digests, KEEP_HOURS],
    ).fetchone()


def keep(conn: Connection, digest: bytes, fingerprint: bytes, sealed: bytes) -> None:
    """Keep an answer, in the place of one that is too old."""
    conn.execute(
        """
        INSERT INTO idempotency_keys (digest, fingerprint, sealed) VALUES (%s, %s, %s)
        ON CONFLICT (digest) DO UPDATE SET
            fingerprint = excluded.fingerprint, sealed = excluded.sealed, created_at = now()
        """,
        [digest, fingerprint, sealed],
    )


def forget(conn: Connection, limit: int) -> int:
    """Delete up to `limit` answers that are too old; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM idempotency_keys WHERE digest IN (
            SELECT digest FROM idempotency_keys
            WHERE created_at < now() - make_interval(hours => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [KEEP_HOURS, limit],
    )
    return cursor.rowcount
