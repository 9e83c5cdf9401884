"""SQL of uploads, and of how far their imports have come. One that has expired is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

_SHOWN = """
SELECT u.id, u.project_id, u.created_by, u.created_at, u.expires_at,
       coalesce(parts.size, 0)::bigint AS size, coalesce(parts.list, '[]') AS parts
FROM uploads u LEFT JOIN LATERAL (
    SELECT sum(octet_length(content)) AS size, jsonb_agg(jsonb_build_object(
        'number', number, 'size', octet_length(content), 'sha256', sha256) ORDER BY number) AS list
    FROM upload_parts WHERE upload_id = u.id
) parts ON true
WHERE u.project_id = %(project_id)s AND u.expires_at > now()
"""


def insert(conn: Connection, upload_id: UUID, project_id: UUID, by: UUID, hours: int) -> None:
    """Create an upload without parts, which expires in so many hours."""
    conn.execute(
        """
        INSERT INTO uploads (id, project_id, created_by, expires_at)
        VALUES (%s, %s, %s, now() + make_interval(hours => %s))
        """,
        [upload_id, project_id, by, hours],
    )


def count(conn: Connection, project_id: UUID) -> int:
    """Count the uploads of a project; whoever counts next waits until the transaction ends."""
    turn = "SELECT pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 2))"
    conn.execute(turn, [project_id])
    row = conn.execute(
        "SELECT count(*) AS uploads FROM uploads WHERE project_id = %s AND expires_at > now()",
        [project_id],
    ).fetchone()
    return row["uploads"] if row else 0


def hold(conn: Connection, project_id: UUID, upload_id: UUID) -> bool:
    """Keep others from changing an upload until the commit; False: there is none."""
    cursor = conn.execute(
        """
        SELECT 1 FROM uploads WHERE id = %s AND project_id = %s AND expires_at > now()
        FOR NO KEY UPDATE
        """,
        [upload_id, project_id],
    )
    return cursor.fetchone() is not None


def put_part(conn: Connection, upload_id: UUID, number: int, sha256: str, content: bytes) -> None:
    """Store a part, in the place of the one with this number."""
    conn.execute(
        """
        INSERT INTO upload_parts (upload_id, number, sha256, content) VALUES (%s, %s, %s, %s)
        ON CONFLICT (upload_id, number) DO UPDATE SET
            sha256 = excluded.sha256, content = excluded.content
        """,
        [upload_id, number, sha256, content],
    )


def by_id(conn: Connection, project_id: UUID, upload_id: UUID) -> dict[str, Any] | None:
    """Return an upload of a project with what its parts are."""
    return conn.execute(
        f"{_SHOWN} AND u.id = %(id)s", {"project_id": project_id, "id": upload_id}
    ).fetchone()


def of_project(
    conn: Connection, project_id: UUID, *, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a project's uploads, newest first, from before a given one."""
    return conn.execute(
        f"""
        {_SHOWN} AND (%(before)s::uuid IS NULL OR u.id < %(before)s::uuid)
        ORDER BY u.id DESC LIMIT %(limit)s
        """,
        {"project_id": project_id, "before": before, "limit": limit},
    ).fetchall()


def content(conn: Connection, upload_id: UUID, number: int) -> bytes | None:
    """Return the bytes of one part."""
    row = conn.execute(
        "SELECT content FROM upload_parts WHERE upload_id = %s AND number = %s",
        [upload_id, number],
    ).fetchone()
    return bytes(row["content"]) if row else None


def delete(conn: Connection, project_id: UUID, upload_id: UUID) -> bool:
    """Delete an upload with its parts; False: there is none."""
    cursor = conn.execute(
        "DELETE FROM uploads WHERE id = %s AND project_id = %s", [upload_id, project_id]
    )
    return cursor.rowcount > 0


def delete_expired(conn: Connection, hours: int, limit: int) -> int:
    """Delete up to `limit` uploads that expired so many hours ago; return how many."""
    cursor = conn.execute(
        """
        DELETE FROM uploads WHERE id IN (
            SELECT id FROM uploads WHERE expires_at < now() - make_interval(hours => %s)
            LIMIT %s FOR UPDATE SKIP LOCKED
        )
        """,
        [hours, limit],
    )
    return cursor.rowcount


def import_state(conn: Connection, job_id: UUID) -> dict[str, Any] | None:
    """Return how many entries an import is through with, and what came of them."""
    return conn.execute("SELECT done, outcome FROM imports WHERE job_id = %s", [job_id]).fetchone()


def save_import(
    conn: Connection, job_id: UUID, upload_id: UUID, done: int, outcome: dict[str, Any]
) -> None:
    """Note how far an import has come."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        INSERT INTO imports (job_id, upload_id, done, outcome) VALUES (%s, %s, %s, %s)
        ON CONFLICT (job_id) DO UPDATE SET done = excluded.done, outcome = excluded.outcome
        """,
        [job_id, upload_id, done, Jsonb(outcome)],
    )
