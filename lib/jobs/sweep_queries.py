"""SQL of the sweep: jobs that nobody runs although somebody should. Two sweeps never overlap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.attempt_queries import UNDER_WAY, written_down
from lib.jobs.queries import NOT_PAUSED
from lib.jobs.told_queries import TOLD, stemmed, telling

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]
Place = tuple[datetime, UUID]  # of a job among those that have not ended: when it is due, its id

FIRST: Place = datetime.min.replace(tzinfo=UTC), UUID(int=0)
WAITING = "finished_at IS NULL AND state IN ('queued', 'retrying')"


def stalled(conn: Connection, after: Place, limit: int) -> tuple[list[UUID], Place]:
    """Look through up to `limit` jobs that wait or run: which ones run though their lease is over?

    Returns their ids, and the place to go on `after`. There is no index of leases: whoever takes a
    job or renews a lease would have to write to it.
    """
    row = conn.execute(
        """
        WITH looked AS MATERIALIZED (
            SELECT id, run_at, state = 'running' AND lease_until < now() AS stalled FROM jobs
            WHERE finished_at IS NULL AND (run_at, id) > (%(run_at)s::timestamptz, %(id)s::uuid)
            ORDER BY run_at, id LIMIT %(limit)s
        )
        SELECT run_at, id, ARRAY(SELECT id FROM looked WHERE stalled) AS stalled,
               (SELECT count(*) FROM looked) AS looked
        FROM looked ORDER BY run_at DESC, id DESC LIMIT 1
        """,
        {"run_at": after[0], "id": after[1], "limit": limit},
    ).fetchone()
    if row is None:
        return [], FIRST
    return row["stalled"], (row["run_at"], row["id"]) if row["looked"] == limit else FIRST


def end_stalled(conn: Connection, job_ids: Sequence[UUID], lease: int, error: str) -> list[Row]:
    """Take jobs from workers that stopped renewing: queued again, or failed after the last attempt.

    One that somebody wanted cancelled is cancelled. After a restart of Postgres, workers first have
    a lease's time (in seconds) to renew.
    """
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}, CASE
                WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled'::job_state
                WHEN j.attempt >= j.max_attempts THEN 'failed'
                ELSE 'retrying' END AS becomes
            FROM jobs j
            WHERE id = ANY(%(ids)s) AND state = 'running' AND lease_until < now()
              AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease)s)
            FOR UPDATE SKIP LOCKED
        ), attempts AS (
            {written_down("'lost'", "%(error)s::text")}
        ), changed AS (
            UPDATE jobs j SET lease_token = NULL, lease_until = NULL, error = %(error)s::text,
                run_at = now(), queued_at = now(), state = ours.becomes,
                finished_at = CASE WHEN ours.becomes <> 'retrying' THEN now() END
            FROM ours WHERE j.id = ours.id
            RETURNING {TOLD}, j.priority
        )
        {telling("(told).id, (told).state, priority")}
        """,  # noqa: S608
        stemmed(ids=list(job_ids), lease=lease, error=error),
    ).fetchall()


def take_due(conn: Connection, limit: int) -> list[Row]:
    """Return jobs whose time has come since they were last queued; they count as queued now."""
    return conn.execute(
        f"""
        UPDATE jobs SET queued_at = now() WHERE id IN (
            SELECT id FROM jobs
            WHERE {WAITING} AND run_at <= now() AND queued_at < run_at AND {NOT_PAUSED}
            ORDER BY run_at LIMIT %s FOR UPDATE SKIP LOCKED
        ) RETURNING id, priority
        """,  # noqa: S608
        [limit],
    ).fetchall()


def take_lost(conn: Connection, after: int, limit: int) -> list[Row]:
    """Return jobs that were queued over `after` seconds ago and wait still, the oldest first."""
    return conn.execute(
        f"""
        UPDATE jobs SET queued_at = now() WHERE id IN (
            SELECT id FROM jobs
            WHERE {WAITING} AND run_at <= now() AND queued_at < now() - make_interval(secs => %s)
              AND {NOT_PAUSED}
            ORDER BY run_at LIMIT %s FOR UPDATE SKIP LOCKED
        ) RETURNING id, priority
        """,  # noqa: S608
        [after, limit],
    ).fetchall()


def waiting(conn: Connection, limit: int) -> int:
    """Count the jobs that should be in the queue now, up to `limit`."""
    row = conn.execute(
        f"""
        SELECT count(*) AS waiting FROM (
            SELECT 1 FROM jobs
            WHERE {WAITING} AND run_at <= now() AND {NOT_PAUSED} LIMIT %s
        ) due
        """,  # noqa: S608
        [limit],
    ).fetchone()
    return row["waiting"] if row else 0


def due(conn: Connection, limit: int) -> dict[str, Any]:
    """Return how many jobs wait, up to `limit`, and for how many seconds the oldest has."""
    return (
        conn.execute(
            f"""
            SELECT count(*) AS jobs,
                   coalesce(extract(epoch FROM now() - min(run_at)), 0)::float8 AS oldest
            FROM (
                SELECT run_at FROM jobs
                WHERE {WAITING} AND run_at <= now() AND {NOT_PAUSED}
                ORDER BY run_at LIMIT %s
            ) due
            """,  # noqa: S608
            [limit],
        ).fetchone()
        or {}
    )
