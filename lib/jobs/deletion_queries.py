"""SQL that deletes jobs which have ended, with their files and logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from lib.ids import first_at
from lib.jobs.queries import LIVE

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_BYTES = 256 * 1024 * 1024  # of files that one statement deletes: it has five seconds
CLOCKS_DIFFER = timedelta(days=1)  # at most, where ids are made and where ends are noted


def delete_ended(
    conn: Connection, project_id: UUID | None, before: datetime, limit: int
) -> tuple[int, bool]:
    """Delete up to `limit` jobs that ended before a time, of a project or of all projects.

    Returns how many, and whether there may be more. A job ends after it was made, so that its id
    tells which are old enough to be looked at: no index on the end is needed.
    """
    before = min(before, datetime.now(UTC) + CLOCKS_DIFFER)
    row = conn.execute(
        f"""
        WITH old AS MATERIALIZED (
            SELECT id FROM jobs
            WHERE project_id {"IS NOT NULL" if project_id is None else "= %(project_id)s"}
              AND id < %(made_before)s AND finished_at < %(before)s
              AND state IN ('succeeded', 'failed', 'cancelled')
            ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), sized AS (
            SELECT old.id, sum(octet_length(a.content)) OVER (
                ORDER BY old.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS bytes_before
            FROM old LEFT JOIN job_artifacts a ON a.job_id = old.id
        ), gone AS (
            DELETE FROM jobs j USING sized
            WHERE j.id = sized.id AND coalesce(bytes_before, 0) < {MAX_BYTES}
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM old) AS old
        """,  # noqa: S608
        {"project_id": project_id, "before": before, "limit": limit}
        | {"made_before": first_at(before + CLOCKS_DIFFER)},
    ).fetchone()
    gone, old = (row["gone"], row["old"]) if row else (0, 0)
    return gone, gone < old or old == limit


def hold_all(conn: Connection, workspace_id: UUID) -> None:
    """Lock all jobs of a workspace that have not ended, in the order of their ids, as all do."""
    conn.execute(
        f"""
        SELECT count(*) FROM (
            SELECT 1 FROM jobs
            WHERE (
                project_id IN (SELECT id FROM projects WHERE workspace_id = %(workspace_id)s)
                OR (project_id IS NULL AND workspace_id = %(workspace_id)s)
            ) AND state IN {LIVE}
            ORDER BY id FOR UPDATE
        ) held
        """,  # noqa: S608
        {"workspace_id": workspace_id},
    )
