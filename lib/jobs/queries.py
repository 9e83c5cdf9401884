"""SQL of jobs as people see them: kinds, submission, lists, artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

COLUMNS = """
id, workspace_id, project_id, kind, payload, state, attempt, max_attempts, run_at, progress,
progress_message, result, error, request_id, created_by, created_at, started_at, finished_at,
schedule_id
"""

# For statements that change jobs: what the log and the room have to know of each.
CHANGED = ", ".join(f"j.{column.strip()}" for column in COLUMNS.split(","))
WITH_ACTOR = """
SELECT changed.*, u.name AS actor_name, u.email AS actor_email
FROM changed LEFT JOIN users u ON u.id = changed.created_by
"""


def announce_kind(
    conn: Connection,
    kind: str,
    title: str,
    payload_schema: dict[str, Any],
    max_attempts: int,
    internal: bool,
) -> None:
    """Write down what a worker can do, or that it still can."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        INSERT INTO job_kinds (kind, title, payload_schema, max_attempts, internal)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (kind) DO UPDATE SET title = excluded.title, announced_at = now(),
            payload_schema = excluded.payload_schema, max_attempts = excluded.max_attempts,
            internal = excluded.internal
        """,
        [kind, title, Jsonb(payload_schema), max_attempts, internal],
    )


def public_kind(conn: Connection, name: str) -> dict[str, Any] | None:
    """Return what is known of a kind that people may submit."""
    return conn.execute(
        """
        SELECT kind, title, payload_schema, max_attempts FROM job_kinds
        WHERE kind = %s AND NOT internal
        """,
        [name],
    ).fetchone()


def public_kind_names(conn: Connection) -> list[str]:
    """Return the names of all kinds that people may submit, in order."""
    rows = conn.execute("SELECT kind FROM job_kinds WHERE NOT internal ORDER BY kind")
    return [row["kind"] for row in rows]


def insert(conn: Connection, job: dict[str, Any]) -> dict[str, Any]:
    """Create a job; a `run_at` of null or in the past means now."""
    from psycopg.types.json import Jsonb

    return (
        conn.execute(
            f"""
        INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts, run_at,
                          request_id, created_by, schedule_id)
        VALUES (%(id)s, %(workspace_id)s, %(project_id)s, %(kind)s, %(payload)s, %(max_attempts)s,
                greatest(%(run_at)s::timestamptz, now()), %(request_id)s, %(created_by)s,
                %(schedule_id)s)
        RETURNING {COLUMNS}, run_at > now() AS later
        """,  # noqa: S608
            {"schedule_id": None} | job | {"payload": Jsonb(job["payload"])},
        ).fetchone()
        or {}
    )


def of_project(
    conn: Connection, project_id: UUID, *, before: UUID | None, limit: int, state: str | None
) -> list[dict[str, Any]]:
    """List a project's jobs, newest first, from before a given one; of one state, if given."""
    return conn.execute(
        f"""
        SELECT {COLUMNS} FROM jobs
        WHERE project_id = %(project_id)s
          AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
          AND (%(state)s::job_state IS NULL OR state = %(state)s::job_state)
        ORDER BY id DESC LIMIT %(limit)s
        """,  # noqa: S608
        {"project_id": project_id, "before": before, "limit": limit, "state": state},
    ).fetchall()


def of_workspace(
    conn: Connection, workspace_id: UUID, *, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the jobs of a workspace as a whole, newest first, from before a given one."""
    return conn.execute(
        f"""
        SELECT {COLUMNS} FROM jobs
        WHERE workspace_id = %(workspace_id)s AND project_id IS NULL
          AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
        ORDER BY id DESC LIMIT %(limit)s
        """,  # noqa: S608
        {"workspace_id": workspace_id, "before": before, "limit": limit},
    ).fetchall()


def cancel_all(conn: Connection, project_id: UUID, reason: str) -> list[dict[str, Any]]:
    """End all jobs of a project that have not ended, and their leases; return them."""
    return conn.execute(
        f"""
        WITH unfinished AS (
            SELECT id FROM jobs
            WHERE project_id = %s AND state IN ('queued', 'running', 'retrying')
            ORDER BY id FOR UPDATE
        ), changed AS (
            UPDATE jobs j SET state = 'cancelled', error = %s, finished_at = clock_timestamp(),
                lease_token = NULL, lease_until = NULL
            FROM unfinished WHERE j.id = unfinished.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        [project_id, reason],
    ).fetchall()


def delete_finished(conn: Connection, days: int, limit: int) -> int:
    """Delete up to `limit` jobs of no project that ended `days` ago; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM jobs WHERE id IN (
            SELECT id FROM jobs
            WHERE project_id IS NULL AND state IN ('succeeded', 'failed', 'cancelled')
              AND finished_at < now() - make_interval(days => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [days, limit],
    )
    return cursor.rowcount


def insert_artifact(
    conn: Connection, job_id: UUID, filename: str, media_type: str, content: bytes
) -> None:
    """Keep what a job made."""
    conn.execute(
        """
        INSERT INTO job_artifacts (job_id, filename, media_type, content) VALUES (%s, %s, %s, %s)
        """,
        [job_id, filename, media_type, content],
    )


def artifact(conn: Connection, job_id: UUID) -> dict[str, Any] | None:
    """Return what a job made: file name, media type and content."""
    return conn.execute(
        "SELECT filename, media_type, content FROM job_artifacts WHERE job_id = %s",
        [job_id],
    ).fetchone()
