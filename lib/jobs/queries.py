"""SQL of jobs: kinds, submission, retention, artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.attempt_queries import UNDER_WAY, written_down

if TYPE_CHECKING:
    from lib.stores.connection import Connection

COLUMNS = """
id, workspace_id, project_id, kind, payload, state, attempt, max_attempts, run_at, progress,
progress_message, result, error, request_id, created_by, created_at, started_at, finished_at,
schedule_id, priority, unique_key, cancel_requested_at
"""

# What most jobs are submitted with.
DEFAULTS = {"schedule_id": None, "priority": "normal", "unique_key": None}

# What is not known before a job is there: its times, what the table begins with, and the payload,
# whose members Postgres puts into an order of its own.
_BEGINS_WITH = """
payload, state, attempt, run_at, progress, progress_message, result, error, created_at, started_at,
finished_at, cancel_requested_at
"""

# Whatever looks for jobs in these states, but not by their ids or their project, also says that
# `finished_at` is null: so their indexes spell it, and the table holds the two together.
LIVE = "('queued', 'running', 'retrying')"
UNLESS_LIVE = """
ON CONFLICT (project_id, kind, unique_key) WHERE finished_at IS NULL AND unique_key IS NOT NULL
DO NOTHING
"""

# Of `jobs`: its project has not paused its kind. One of no project can't be paused.
NOT_PAUSED = """
NOT EXISTS (
    SELECT 1 FROM paused_kinds p WHERE p.project_id = jobs.project_id AND p.kind = jobs.kind
)
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


def insert(conn: Connection, job: dict[str, Any]) -> dict[str, Any] | None:
    """Create a job; a `run_at` of null or in the past means now.

    None, where another one with its unique key lives.
    """
    import orjson
    from psycopg.types.json import Jsonb

    given = DEFAULTS | job
    begun = conn.execute(
        f"""
        INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts, run_at,
                          request_id, created_by, schedule_id, priority, unique_key)
        VALUES (%(id)s, %(workspace_id)s, %(project_id)s, %(kind)s, %(payload)s, %(max_attempts)s,
                greatest(%(run_at)s::timestamptz, now()), %(request_id)s, %(created_by)s,
                %(schedule_id)s, %(priority)s::job_priority, %(unique_key)s)
        {UNLESS_LIVE if job.get("unique_key") else ""}
        RETURNING {_BEGINS_WITH}, extract(epoch FROM run_at - now())::float8 AS due_in
        """,  # noqa: S608
        given | {"payload": Jsonb(job["payload"], orjson.dumps)},
    ).fetchone()
    return given | begun if begun else None


def live_id(conn: Connection, project_id: UUID, kind: str, unique_key: str) -> UUID | None:
    """Return the id of the job with this key that has not ended."""
    row = conn.execute(
        """
        SELECT id FROM jobs
        WHERE project_id = %s AND kind = %s AND unique_key = %s AND finished_at IS NULL
        """,
        [project_id, kind, unique_key],
    ).fetchone()
    return row["id"] if row else None


def cancel_all(conn: Connection, project_id: UUID, reason: str) -> list[dict[str, Any]]:
    """End all jobs of a project that have not ended, and their leases; return them."""
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}, j.state FROM jobs j
            WHERE project_id = %(project_id)s AND state IN ('queued', 'running', 'retrying')
            ORDER BY id FOR UPDATE
        ), attempts AS (
            {written_down("'cancelled'", "%(reason)s::text", where="WHERE state = 'running'")}
        ), changed AS (
            UPDATE jobs j SET state = 'cancelled', error = %(reason)s::text,
                finished_at = clock_timestamp(), lease_token = NULL, lease_until = NULL
            FROM ours WHERE j.id = ours.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        {"project_id": project_id, "reason": reason},
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
    """Return file name, media type, size in bytes and age of what a job made."""
    return conn.execute(
        """
        SELECT filename, media_type, octet_length(content) AS size, created_at
        FROM job_artifacts WHERE job_id = %s
        """,
        [job_id],
    ).fetchone()


def artifact_part(conn: Connection, job_id: UUID, first: int, count: int) -> bytes:
    """Return so many bytes of what a job made; Postgres reads no others."""
    row = conn.execute(
        "SELECT substring(content FROM %s FOR %s) AS part FROM job_artifacts WHERE job_id = %s",
        [first + 1, count, job_id],
    ).fetchone()
    return bytes(row["part"]) if row else b""
