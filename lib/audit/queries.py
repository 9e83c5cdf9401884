"""SQL of the audit outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def insert(conn: Connection, event_id: UUID, collection: str, event: dict[str, Any]) -> None:
    """Add one event to the outbox."""
    from psycopg.types.json import Jsonb

    conn.execute(
        "INSERT INTO audit_outbox (id, collection, event) VALUES (%s, %s, %s)",
        [event_id, collection, Jsonb(event)],
    )


def take(conn: Connection, limit: int) -> list[dict[str, Any]]:
    """Lock the oldest events that no other mover holds, and return them."""
    return conn.execute(
        """
        SELECT id, collection, event FROM audit_outbox
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
        """,
        [limit],
    ).fetchall()


def delete(conn: Connection, event_ids: Sequence[UUID]) -> None:
    """Remove delivered events."""
    conn.execute("DELETE FROM audit_outbox WHERE id = ANY(%s)", [list(event_ids)])


def waiting(conn: Connection) -> int:
    """Count the events that MongoDB does not have yet."""
    row = conn.execute("SELECT count(*) AS waiting FROM audit_outbox").fetchone()
    return row["waiting"] if row else 0
