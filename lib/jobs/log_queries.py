"""SQL of what jobs log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]


def insert(conn: Connection, lease: tuple[UUID, UUID], attempt: int, lines: Sequence[Row]) -> bool:
    """Keep lines of a running job; False, and none, when the lease is lost."""
    from psycopg.types.json import Jsonb

    cursor = conn.execute(
        """
        INSERT INTO job_logs (id, job_id, attempt, at, message)
        SELECT line.id, j.id, %(attempt)s, line.at, line.message
        FROM jobs j, jsonb_to_recordset(%(lines)s) AS line(id uuid, at timestamptz, message text)
        WHERE j.id = %(id)s AND j.lease_token = %(token)s AND j.state = 'running'
        """,
        {"id": lease[0], "token": lease[1], "attempt": attempt, "lines": Jsonb(list(lines))},
    )
    return cursor.rowcount > 0


def of_job(conn: Connection, job_id: UUID, *, after: UUID | None, limit: int) -> list[Row]:
    """List what a job has logged, the oldest first, after the line with this id."""
    return conn.execute(
        """
        SELECT id, attempt, at, message FROM job_logs
        WHERE job_id = %(job_id)s AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
        ORDER BY id LIMIT %(limit)s
        """,
        {"job_id": job_id, "after": after, "limit": limit},
    ).fetchall()
