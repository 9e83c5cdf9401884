"""SQL of deliveries under way: given out to jobs, in their hands, and how receivers took them.

Every clock is the database's. Whoever locks endpoint and delivery locks the endpoint first.
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
