"""SQL of ending attempts. Every clock is the database's; every write carries the lease's token.

Several jobs are locked in the order of their ids, by everybody: so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.attempt_queries import UNDER_WAY, written_down
from lib.jobs.lease_queries import OURS, OVER, given
from lib.jobs.told_queries import TOLD, stemmed, telling

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]


def hold(conn: Connection, leases: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Keep leases from being taken until the commit; return the ids of those that still hold."""
    rows = conn.execute(
        f"SELECT j.id FROM jobs j WHERE {OURS} ORDER BY j.id FOR UPDATE",  # noqa: S608
        given(leases),
    )
    return {row["id"] for row in rows}


def succeed(
    conn: Connection, leases: Sequence[tuple[UUID, UUID]], results: Sequence[Row | None]
) -> list[Row]:
    """End jobs well; return those whose lease still held.

    The attempt stays in the job's row, with its token: see the view ended_attempts.
    """
    from psycopg.types.json import Jsonb

    # By token: one job may be here twice, under the lease that it lost and the one it has.
    pairs = zip(leases, results, strict=True)
    made = {str(token): result for (_, token), result in pairs if result is not None}
    return conn.execute(
        f"""
        WITH changed AS (
            UPDATE jobs j SET state = 'succeeded', progress = 100,
                result = %(made)s -> j.lease_token::text, error = NULL,
                finished_at = clock_timestamp(), lease_until = NULL
            WHERE id = ANY (ARRAY(SELECT j.id FROM jobs j WHERE {OURS} ORDER BY j.id FOR UPDATE))
            RETURNING {TOLD}
        )
        {telling("(told).id")}
        """,  # noqa: S608
        stemmed(**given(leases), made=Jsonb(made)),
    ).fetchall()


def fail(
    conn: Connection,
    lease: tuple[UUID, UUID],
    error: str,
    *,
    delay: float,
    final: bool,
    outcome: str,
    digest: str | None,
) -> Row | None:
    """End an attempt badly: another one in `delay` seconds, unless it was the last or `final`.

    Nor does another follow where somebody asked for the job to be cancelled.
    """
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}, CASE
                WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled'::job_state
                WHEN %(final)s OR j.attempt >= j.max_attempts THEN 'failed'
                ELSE 'retrying' END AS becomes
            FROM jobs j WHERE {OURS} FOR UPDATE
        ), attempts AS (
            {written_down("%(outcome)s::attempt_outcome", "%(error)s::text", "%(digest)s::text")}
        ), changed AS (
            UPDATE jobs j SET error = %(error)s::text, state = ours.becomes, {OVER},
                run_at = CASE WHEN ours.becomes <> 'retrying' THEN run_at
                              ELSE clock_timestamp() + make_interval(secs => %(delay)s) END,
                finished_at = CASE WHEN ours.becomes <> 'retrying' THEN clock_timestamp() END
            FROM ours WHERE j.id = ours.id
            RETURNING {TOLD}
        )
        {telling("(told).state")}
        """,  # noqa: S608
        stemmed(**given([lease]), error=error, delay=delay, final=final)
        | {"outcome": outcome, "digest": digest},
    ).fetchone()


def cancel(conn: Connection, leases: Sequence[tuple[UUID, UUID]], reason: str) -> list[Row]:
    """End those of these jobs that somebody asked to be cancelled; return them."""
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY} FROM jobs j
            WHERE {OURS} AND j.cancel_requested_at IS NOT NULL ORDER BY j.id FOR UPDATE
        ), attempts AS (
            {written_down("'cancelled'", "%(reason)s::text")}
        ), changed AS (
            UPDATE jobs j SET state = 'cancelled', error = %(reason)s::text,
                finished_at = clock_timestamp(), {OVER}
            FROM ours WHERE j.id = ours.id
            RETURNING {TOLD}
        )
        {telling("(told).id")}
        """,  # noqa: S608
        stemmed(**given(leases), reason=reason),
    ).fetchall()
