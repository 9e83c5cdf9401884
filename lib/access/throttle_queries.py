"""SQL of throttles: one row per limit and subject, whose window begins anew when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.statements import Check

_COUNT = """
INSERT INTO throttles AS t (key, taken, resets_at)
VALUES (%(key)s, %(more)s, now() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET
    taken = CASE WHEN t.resets_at <= now() THEN %(more)s ELSE t.taken + %(more)s END,
    resets_at = CASE WHEN t.resets_at <= now() THEN excluded.resets_at ELSE t.resets_at END
RETURNING taken, ceil(extract(epoch FROM resets_at - now()))::integer AS resets_in
"""


def count_with_next(conn: Connection, key: str, seconds: int, more: int, check: Check) -> None:
    """Count so many more at once, together with the next statement of a transaction.

    `check` is told how many are `taken` in this window, and in how many seconds it `resets_in`.
    """
    conn.put_off(_COUNT, {"key": key, "seconds": seconds, "more": more}, check)


def count(conn: Connection, key: str, seconds: int) -> tuple[int, int]:
    """Count one more; return how many there are in this window, and how many seconds it lasts."""
    row = conn.execute(_COUNT, {"key": key, "seconds": seconds, "more": 1}).fetchone()
    return (row["taken"], max(row["resets_in"], 1)) if row else (0, seconds)


def forgive(conn: Connection, key: str) -> None:
    """Forget a count."""
    conn.execute("DELETE FROM throttles WHERE key = %s", [key])


def delete_over(conn: Connection, limit: int) -> int:
    """Delete up to `limit` counts whose window is over; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM throttles WHERE key IN (
            SELECT key FROM throttles WHERE resets_at < now()
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [limit],
    )
    return cursor.rowcount
