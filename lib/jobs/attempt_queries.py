"""SQL of attempts: how one is written down by whatever statement ends it, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

# Of a locked job `j` that runs: what its attempt is written down from, as the rows of `ours`. No
# row that somebody has put right by hand may keep the sweep from its work.
UNDER_WAY = """
j.id, coalesce(j.lease_token, gen_random_uuid()) AS token, j.attempt AS number,
coalesce(j.worker, '') AS ran_by,
coalesce(j.attempt_started_at, j.started_at, j.created_at) AS began
"""


def written_down(outcome: str, error: str = "NULL", digest: str = "NULL", where: str = "") -> str:
    """Return the part of a statement that ends the attempts of `ours`; its values are SQL."""
    return f"""
        INSERT INTO job_attempts
            (job_id, id, attempt, worker, started_at, finished_at, outcome, error, digest)
        SELECT id, token, number, ran_by, began, clock_timestamp(), {outcome}, {error}, {digest}
        FROM ours {where}
    """  # noqa: S608


def of_job(
    conn: Connection, job_id: UUID, *, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the attempts at a job, newest first, from before a given one; with that under way."""
    return conn.execute(
        """
        WITH every AS (
            SELECT lease_token AS id, attempt, worker, NULL::attempt_outcome AS outcome,
                   coalesce(attempt_started_at, started_at) AS started_at,
                   NULL::timestamptz AS finished_at, NULL AS error, NULL AS digest
            FROM jobs WHERE id = %(job_id)s AND state = 'running'
            UNION ALL
            SELECT id, attempt, worker, outcome, started_at, finished_at, error, digest
            FROM ended_attempts WHERE job_id = %(job_id)s
        )
        SELECT * FROM every
        WHERE %(before)s::uuid IS NULL
           OR (started_at, id) < (SELECT started_at, id FROM every WHERE id = %(before)s::uuid)
        ORDER BY started_at DESC, id DESC LIMIT %(limit)s
        """,
        {"job_id": job_id, "before": before, "limit": limit},
    ).fetchall()
