"""SQL of deliveries: what each endpoint is told, and how it took it. Every clock is the database's.

They are inserted by the statement that records events (lib.audit.queries.insert), which has the
function tell_webhooks do it. Whoever locks endpoint and delivery locks the endpoint first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

KEPT_ATTEMPTS = 30  # of one delivery; the oldest go first
TURN = 0x776562686F6F6B  # "webhook": the advisory lock of whoever gives out deliveries

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


def my_turn(conn: Connection) -> bool:
    """Be the only one to give out deliveries until the transaction ends; False: one is already."""
    row = conn.execute("SELECT pg_try_advisory_xact_lock(%s) AS held", [TURN]).fetchone()
    return bool(row and row["held"])


def due(conn: Connection, *, at_once: int, limit: int) -> list[Row]:
    """Lock and return deliveries that are due, of each endpoint so many that `at_once` are in hand.

    One in hand for longer than its time counts as due: whoever had it is gone. An endpoint that is
    failing, or slow, is sent one at a time, so that it keeps nobody waiting but itself.
    """
    return conn.execute(
        """
        WITH RECURSIVE waiting AS (
            (SELECT endpoint_id FROM webhook_deliveries WHERE state = 'pending'
             ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT next.endpoint_id FROM waiting CROSS JOIN LATERAL (
                SELECT endpoint_id FROM webhook_deliveries
                WHERE state = 'pending' AND endpoint_id > waiting.endpoint_id
                ORDER BY endpoint_id LIMIT 1
            ) next
        )
        SELECT picked.* FROM waiting
        JOIN webhook_endpoints e ON e.id = waiting.endpoint_id AND e.enabled
            AND (e.rests_until IS NULL OR e.rests_until <= now())
        CROSS JOIN LATERAL (
            SELECT count(*) AS taken FROM webhook_deliveries
            WHERE endpoint_id = e.id AND job_id IS NOT NULL AND next_at > now()
        ) hands
        CROSS JOIN LATERAL (
            SELECT endpoint_id, event_id, request_id FROM webhook_deliveries
            WHERE endpoint_id = e.id AND state = 'pending' AND next_at <= now()
            ORDER BY next_at, event_id
            LIMIT greatest(
                0, CASE WHEN e.failing_since IS NULL AND NOT e.slow THEN %(at_once)s
                               ELSE 1 END - hands.taken
            )
            FOR UPDATE SKIP LOCKED
        ) picked
        LIMIT %(limit)s
        """,
        {"at_once": at_once, "limit": limit},
    ).fetchall()


def take(conn: Connection, taken: Sequence[tuple[UUID, UUID, UUID]], seconds: int) -> None:
    """Put deliveries (endpoint and event) into the hands of jobs, for so many seconds."""
    endpoint_ids, event_ids, job_ids = (list(column) for column in zip(*taken, strict=True))
    conn.execute(
        """
        UPDATE webhook_deliveries d
        SET job_id = given.job_id, next_at = now() + make_interval(secs => %s)
        FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) given (endpoint_id, event_id, job_id)
        WHERE d.endpoint_id = given.endpoint_id AND d.event_id = given.event_id
        """,
        [seconds, endpoint_ids, event_ids, job_ids],
    )


def in_hand(conn: Connection, endpoint_id: UUID, event_id: UUID, job_id: UUID) -> Row | None:
    """Return what a job is to deliver; None when it is not in its hands any more."""
    return conn.execute(
        """
        SELECT d.endpoint_id, d.event_id, d.payload, d.tries, d.job_id, e.url, e.enabled
        FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
        WHERE d.endpoint_id = %s AND d.event_id = %s AND d.job_id = %s AND d.state = 'pending'
        """,
        [endpoint_id, event_id, job_id],
    ).fetchone()


def settle(
    conn: Connection, delivery: Row, *, state: str, attempt: Row | None, delay: float
) -> bool:
    """Write down how an attempt went, if the job still has the delivery in hand.

    One that stays `pending` is due again in `delay` seconds. Returns False when it is not in hand.
    """
    from psycopg.types.json import Jsonb

    cursor = conn.execute(
        """
        UPDATE webhook_deliveries SET
            state = %(state)s::webhook_delivery_state, job_id = NULL, tries = tries + %(made)s,
            next_at = now() + make_interval(secs => %(delay)s),
            finished_at = CASE WHEN %(state)s <> 'pending' THEN now() END,
            attempts = CASE WHEN jsonb_array_length(attempts) >= %(kept)s
                            THEN attempts - 0 ELSE attempts END || %(attempts)s
        WHERE endpoint_id = %(endpoint_id)s AND event_id = %(event_id)s AND job_id = %(job_id)s
          AND webhook_deliveries.state = 'pending'
        """,
        {name: delivery[name] for name in ("endpoint_id", "event_id", "job_id")}
        | {"state": state, "delay": delay, "kept": KEPT_ATTEMPTS}
        | {"attempts": Jsonb([attempt] if attempt else []), "made": int(attempt is not None)},
    )
    return cursor.rowcount == 1


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
