"""SQL of the sweep: jobs that nobody runs although somebody should. Two sweeps never overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.jobs.queries import CHANGED, NOT_PAUSED, WITH_ACTOR

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]


def end_stalled(conn: Connection, lease: int, error: str, limit: int) -> list[Row]:
    """Take jobs from workers that stopped renewing: queued again, or failed after the last attempt.

    After a restart of Postgres, workers first have a lease's time (in seconds) to renew.
    """
    return conn.execute(
        f"""
        WITH stalled AS (
            SELECT id FROM jobs
            WHERE state = 'running' AND lease_until < now()
              AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease)s)
            ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), changed AS (
            UPDATE jobs j SET lease_token = NULL, lease_until = NULL, error = %(error)s,
                run_at = now(), queued_at = now(),
                state = CASE WHEN attempt >= max_attempts THEN 'failed'::job_state
                             ELSE 'retrying' END,
                finished_at = CASE WHEN attempt >= max_attempts THEN now() END
            FROM stalled WHERE j.id = stalled.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        {"lease": lease, "error": error, "limit": limit},
    ).fetchall()


def take_due(conn: Connection, limit: int) -> list[Row]:
    """Return jobs whose time has come since they were last queued; they count as queued now."""
    return conn.execute(
        f"""
        UPDATE jobs SET queued_at = now() WHERE id IN (
            SELECT id FROM jobs
            WHERE state IN ('queued', 'retrying') AND run_at <= now() AND queued_at < run_at
              AND {NOT_PAUSED}
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
            WHERE state IN ('queued', 'retrying') AND run_at <= now()
              AND queued_at < now() - make_interval(secs => %s)
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
            WHERE state IN ('queued', 'retrying') AND run_at <= now() AND {NOT_PAUSED} LIMIT %s
        ) due
        """,  # noqa: S608
        [limit],
    ).fetchone()
    return row["waiting"] if row else 0
