"""SQL of taking jobs and giving them back. Every clock is the database's.

Several jobs are locked in the order of their ids, by everybody: so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.attempt_queries import UNDER_WAY, written_down
from lib.jobs.lease_queries import OURS, OVER, given
from lib.jobs.queries import NOT_PAUSED
from lib.jobs.told_queries import TOLD, stemmed, telling

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_CLAIMED = """
(told).id, (told).kind, (told).attempt, (told).max_attempts, (told).workspace_id, (told).created_by,
(told).request_id, payload, lease_token, waited
"""


def claim(
    conn: Connection,
    job_ids: Sequence[UUID],
    *,
    worker: str,
    kinds: Sequence[str],
    lease: int,
    spare: bool,
) -> list[Row]:
    """Take those of these jobs that are due, of these kinds, not paused; `lease` is in seconds.

    A row tells how many seconds the job `waited` since it was due. With `spare`, only those that
    have another attempt after this one.
    """
    return conn.execute(
        f"""
        WITH changed AS (
            UPDATE jobs j SET state = 'running', attempt = attempt + 1, worker = %(worker)s,
                lease_token = gen_random_uuid(),
                lease_until = now() + make_interval(secs => %(lease)s),
                progress = 0, progress_message = '', started_at = coalesce(started_at, now()),
                attempt_started_at = now()
            WHERE id = ANY (ARRAY(
                SELECT id FROM jobs
                WHERE id = ANY(%(ids)s::uuid[]) AND state IN ('queued', 'retrying')
                  AND run_at <= now() AND kind = ANY(%(kinds)s)
                  AND (NOT %(spare)s OR attempt + 1 < max_attempts) AND {NOT_PAUSED}
                ORDER BY id FOR UPDATE
            ))
            RETURNING {TOLD}, j.payload, j.lease_token,
                extract(epoch FROM clock_timestamp() - j.run_at)::float8 AS waited
        )
        {telling(_CLAIMED, "job.started", "%(worker)s")}
        """,  # noqa: S608
        stemmed(
            ids=f"{{{','.join(map(str, job_ids))}}}", worker=worker,
            kinds=list(kinds), lease=lease, spare=spare,
        ),
    ).fetchall()  # fmt: skip


def release(
    conn: Connection, leases: Sequence[tuple[UUID, UUID]], delay: float, reason: str
) -> list[Row]:
    """Give jobs back as if they had not been taken: the attempt is not counted.

    Those that somebody asked to be cancelled end instead, for this `reason`.
    """
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}, CASE
                WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled'::job_state
                WHEN j.attempt > 1 THEN 'retrying' ELSE 'queued' END AS becomes
            FROM jobs j WHERE {OURS} ORDER BY j.id FOR UPDATE
        ), attempts AS (
            {written_down("'cancelled'", "%(reason)s::text", where="WHERE becomes = 'cancelled'")}
        ), ended AS (
            SELECT id, becomes, becomes = 'cancelled' AS ends FROM ours
        ), changed AS (
            UPDATE jobs j SET state = becomes, {OVER},
                attempt = CASE WHEN ends THEN j.attempt ELSE j.attempt - 1 END,
                worker = CASE WHEN ends THEN j.worker END,
                error = CASE WHEN ends THEN %(reason)s::text ELSE j.error END,
                finished_at = CASE WHEN ends THEN clock_timestamp() END,
                queued_at = CASE WHEN ends THEN j.queued_at ELSE now() END,
                run_at = CASE WHEN ends THEN j.run_at
                              ELSE now() + make_interval(secs => %(delay)s) END
            FROM ended WHERE j.id = ended.id
            RETURNING {TOLD}, j.priority
        )
        {telling("(told).id, (told).state, priority", "job.released")}
        """,  # noqa: S608
        stemmed(**given(leases), delay=delay, reason=reason),
    ).fetchall()
