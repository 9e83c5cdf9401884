"""SQL of deliveries as owners see them: what each endpoint is told, once more, or no more.

They are inserted by the statement that records events (lib.audit.queries.insert), which has the
function tell_webhooks do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_COLUMNS = """
d.event_id AS id, d.endpoint_id AS webhook_id, d.type, d.state, d.tries,
d.attempts -> -1 AS last_attempt,
CASE WHEN d.state = 'pending' AND d.job_id IS NULL THEN d.next_at END AS next_at, d.created_at,
d.finished_at
"""


def of_endpoint(
    conn: Connection,
    workspace_id: UUID,
    endpoint_id: UUID,
    *,
    state: str | None,
    type: str | None,  # noqa: A002 - as the specification calls it
    since: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Row]:
    """List an endpoint's deliveries, newest first; `since` and `before` are bounds of the ids.

    A `type` that ends in a dot stands for all that begin with it. One row without an id says that
    there are none, and no row that there is no such endpoint in this workspace.
    """
    return conn.execute(
        f"""
        SELECT listed.* FROM webhook_endpoints e
        LEFT JOIN LATERAL (
            SELECT {_COLUMNS} FROM webhook_deliveries d
            WHERE d.endpoint_id = e.id
              AND (%(since)s::uuid IS NULL OR d.event_id >= %(since)s::uuid)
              AND (%(before)s::uuid IS NULL OR d.event_id < %(before)s::uuid)
              AND (%(state)s::webhook_delivery_state IS NULL
                   OR d.state = %(state)s::webhook_delivery_state)
              AND (%(type)s::text IS NULL OR d.type = %(type)s
                   OR (right(%(type)s, 1) = '.' AND starts_with(d.type, %(type)s)))
            ORDER BY d.event_id DESC LIMIT %(limit)s
        ) listed ON true
        WHERE e.workspace_id = %(workspace_id)s AND e.id = %(endpoint_id)s
        ORDER BY listed.id DESC
        """,  # noqa: S608
        {"workspace_id": workspace_id, "endpoint_id": endpoint_id, "state": state, "type": type}
        | {"since": since, "before": before, "limit": limit},
    ).fetchall()


def by_id(conn: Connection, workspace_id: UUID, endpoint_id: UUID, event_id: UUID) -> Row | None:
    """Return one delivery with all its attempts and what it says."""
    return conn.execute(
        f"""
        SELECT {_COLUMNS}, e.workspace_id, d.attempts, d.payload
        FROM webhook_endpoints e JOIN webhook_deliveries d ON d.endpoint_id = e.id
        WHERE e.workspace_id = %s AND e.id = %s AND d.event_id = %s
        """,  # noqa: S608
        [workspace_id, endpoint_id, event_id],
    ).fetchone()


def insert(
    conn: Connection, endpoint_id: UUID, event_id: UUID, payload: Row, request_id: str
) -> None:
    """Have one endpoint told something that is no event of the log."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        INSERT INTO webhook_deliveries (endpoint_id, event_id, type, payload, request_id)
        VALUES (%s, %s, %s, %s, %s)
        """,
        [endpoint_id, event_id, payload["type"], Jsonb(payload), request_id],
    )


_AGAIN = "state = 'pending', tries = 0, next_at = now(), finished_at = NULL"


def again(conn: Connection, endpoint_id: UUID, event_id: UUID) -> bool:
    """Begin a delivery anew, unless it is under way; return whether it was not."""
    cursor = conn.execute(
        f"""
        UPDATE webhook_deliveries SET {_AGAIN}
        WHERE endpoint_id = %s AND event_id = %s AND job_id IS NULL
        """,  # noqa: S608
        [endpoint_id, event_id],
    )
    return cursor.rowcount == 1


def failed_again(
    conn: Connection, endpoint_id: UUID, *, since: UUID, before: UUID | None, limit: int
) -> int:
    """Begin up to `limit` deliveries anew that have failed, the oldest; return how many."""
    cursor = conn.execute(
        f"""
        UPDATE webhook_deliveries SET {_AGAIN}
        WHERE endpoint_id = %(endpoint_id)s AND event_id IN (
            SELECT event_id FROM webhook_deliveries
            WHERE endpoint_id = %(endpoint_id)s AND state = 'failed' AND event_id >= %(since)s
              AND (%(before)s::uuid IS NULL OR event_id < %(before)s::uuid)
            ORDER BY event_id LIMIT %(limit)s FOR UPDATE
        )
        """,  # noqa: S608
        {"endpoint_id": endpoint_id, "since": since, "before": before, "limit": limit},
    )
    return cursor.rowcount


def give_up_waiting(conn: Connection, endpoint_id: UUID) -> None:
    """End all deliveries of an endpoint but those that a job has in hand."""
    conn.execute(
        """
        UPDATE webhook_deliveries SET state = 'failed', finished_at = now()
        WHERE endpoint_id = %s AND state = 'pending' AND job_id IS NULL
        """,
        [endpoint_id],
    )


def delete_old(conn: Connection, days: int, limit: int) -> int:
    """Delete up to `limit` deliveries that were made so long ago; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM webhook_deliveries WHERE (endpoint_id, event_id) IN (
            SELECT endpoint_id, event_id FROM webhook_deliveries
            WHERE created_at < now() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [days, limit],
    )
    return cursor.rowcount
