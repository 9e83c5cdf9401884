"""SQL of running jobs, while they run. Every clock is the database's.

A worker whose lease was taken from it finds no row any more, whatever it still tries to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.lookup_statements import SHARED
from lib.jobs.queries import COLUMNS

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

# Of a job `j`: that one of the `given` leases is on it. No two have the same token.
OURS = """
j.id = ANY(%(ids)s::uuid[]) AND j.lease_token = ANY(%(tokens)s::uuid[])
AND j.state = 'running'
"""
OVER = "lease_token = NULL, lease_until = NULL"


def given(leases: Sequence[tuple[UUID, UUID]]) -> Row:
    """Return the parameters of OURS."""
    # Plain texts: for many elements, the driver's own arrays took longer than the statement.
    return {
        "ids": f"{{{','.join(job_id.hex for job_id, _ in leases)}}}",
        "tokens": f"{{{','.join(token.hex for _, token in leases)}}}",
    }


def renew(conn: Connection, leases: Sequence[tuple[UUID, UUID]], lease: int) -> set[UUID]:
    """Extend leases, each a job's id and token; return the ids of those that still hold.

    A row that somebody has locked is passed over: it is not lost, and nobody can take it now.
    """
    rows = conn.execute(
        f"""
        WITH held AS (
            SELECT j.id FROM jobs j WHERE {OURS}
        ), free AS (
            SELECT j.id FROM jobs j WHERE {OURS} FOR UPDATE SKIP LOCKED
        ), renewed AS (
            UPDATE jobs SET lease_until = now() + make_interval(secs => %(lease)s)
            FROM free WHERE jobs.id = free.id
        )
        SELECT id FROM held
        """,  # noqa: S608
        given(leases) | {"lease": lease},
    )
    return {row["id"] for row in rows}


def set_progress(
    conn: Connection, job_id: UUID, token: UUID, percent: int, message: str
) -> Row | None:
    """Note how far a job has come; None when the lease is lost."""
    return conn.execute(
        f"""
        UPDATE jobs SET progress = %s, progress_message = %s
        WHERE id = %s AND lease_token = %s AND state = 'running'
        RETURNING {COLUMNS}
        """,  # noqa: S608
        [percent, message, job_id, token],
    ).fetchone()


def asked_to_stop(conn: Connection, leases: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Return the ids of those of these jobs that somebody asked to be cancelled."""
    rows = conn.execute(
        f"SELECT j.id FROM jobs j WHERE {OURS} AND j.cancel_requested_at IS NOT NULL",  # noqa: S608
        given(leases),
    )
    return {row["id"] for row in rows}


def lock(conn: Connection, job_id: UUID, token: UUID) -> Row | None:
    """Keep a lease from being taken until the commit; None when it is lost already.

    The row tells whether the workspace is `archived`. It is held before the job's project, and that
    before the job, as by everybody who writes into a project.
    """
    return conn.execute(
        f"""
        SELECT workspace.archived_at IS NOT NULL AS archived
        FROM (SELECT workspace_id, project_id FROM jobs WHERE id = %(id)s) given
        CROSS JOIN LATERAL (
            SELECT id, {SHARED}(hashtextextended(id::text, 0))
            FROM (SELECT given.workspace_id) AS way (id)
        ) turn
        CROSS JOIN LATERAL (
            SELECT archived_at FROM workspaces WHERE id = turn.id FOR KEY SHARE
        ) workspace
        CROSS JOIN LATERAL (
            SELECT id FROM projects
            WHERE id = given.project_id AND deleted_at IS NULL FOR KEY SHARE
        ) project
        CROSS JOIN LATERAL (
            SELECT 1 FROM jobs
            WHERE id = %(id)s AND project_id = project.id AND lease_token = %(token)s
              AND state = 'running' FOR SHARE
        ) job
        """,  # noqa: S608
        {"id": job_id, "token": token},
    ).fetchone()
