"""SQL of schedules. The clock is the database's.

They are of a place: a project, or a workspace as a whole, whose `project_id` is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

TRY_SHARED = "pg_try_advisory_xact_lock_shared"  # of the lock that every writer has, and waits for

_SHOWN = """
SELECT s.id, s.workspace_id, s.project_id, s.name, s.kind, s.payload, s.cron, s.timezone, s.enabled,
       s.stopped_for, CASE WHEN s.enabled THEN s.next_run_at END AS next_run_at,
       CASE WHEN j.id IS NOT NULL THEN
           jsonb_build_object('id', j.id, 'state', j.state, 'created_at', j.created_at)
       END AS last_job,
       s.updated_by, s.created_at, s.updated_at
FROM schedules s LEFT JOIN jobs j ON j.id = s.last_job_id
"""


class Place(NamedTuple):
    """Whose schedules they are."""

    workspace_id: UUID
    project_id: UUID | None

    @property
    def rule(self) -> str:
        """What makes a schedule one of this place."""
        return (
            "s.project_id = %(project_id)s"
            if self.project_id
            else "s.workspace_id = %(workspace_id)s AND s.project_id IS NULL"
        )


def now(conn: Connection) -> datetime:
    """Return what time it is."""
    row = conn.execute("SELECT now() AS now").fetchone() or {}
    moment: datetime = row["now"]
    return moment


def count(conn: Connection, place: Place) -> int:
    """Count the schedules of a place; whoever counts next waits until the transaction ends."""
    turn = "SELECT pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 3))"
    conn.execute(turn, [place.project_id or place.workspace_id])
    row = conn.execute(
        f"SELECT count(*) AS schedules FROM schedules s WHERE {place.rule}",  # noqa: S608
        place._asdict(),
    ).fetchone()
    return row["schedules"] if row else 0


def insert(conn: Connection, schedule: Row) -> None:
    """Create a schedule."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        INSERT INTO schedules (id, project_id, workspace_id, name, kind, payload, cron, timezone,
                               enabled, next_run_at, updated_by)
        VALUES (%(id)s, %(project_id)s, %(workspace_id)s, %(name)s, %(kind)s, %(payload)s, %(cron)s,
                %(timezone)s, %(enabled)s, %(next_run_at)s, %(updated_by)s)
        """,
        schedule | {"payload": Jsonb(schedule["payload"])},
    )


def of_place(conn: Connection, place: Place, *, after: UUID | None, limit: int) -> list[Row]:
    """List the schedules of a place, oldest first, from after a given one."""
    return conn.execute(
        f"""
        {_SHOWN} WHERE {place.rule} AND (%(after)s::uuid IS NULL OR s.id > %(after)s::uuid)
        ORDER BY s.id LIMIT %(limit)s
        """,
        place._asdict() | {"after": after, "limit": limit},
    ).fetchall()


def by_id(conn: Connection, place: Place, schedule_id: UUID) -> Row | None:
    """Return one of the schedules of a place."""
    return conn.execute(
        f"{_SHOWN} WHERE {place.rule} AND s.id = %(id)s", place._asdict() | {"id": schedule_id}
    ).fetchone()


def hold(conn: Connection, place: Place, schedule_id: UUID) -> bool:
    """Keep a schedule from changing and from firing until the commit; False: there is none."""
    cursor = conn.execute(
        f"SELECT 1 FROM schedules s WHERE {place.rule} AND s.id = %(id)s FOR UPDATE",  # noqa: S608
        place._asdict() | {"id": schedule_id},
    )
    return cursor.fetchone() is not None


def update(conn: Connection, schedule_id: UUID, values: Row) -> None:
    """Replace what people may change of a schedule, and what follows from it."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        UPDATE schedules SET name = %(name)s, kind = %(kind)s, payload = %(payload)s,
            cron = %(cron)s, timezone = %(timezone)s, enabled = %(enabled)s,
            next_run_at = %(next_run_at)s, stopped_for = %(stopped_for)s,
            updated_by = %(updated_by)s, updated_at = now()
        WHERE id = %(id)s
        """,
        values | {"id": schedule_id, "payload": Jsonb(values["payload"])},
    )


def delete(conn: Connection, schedule_id: UUID) -> None:
    """Delete a schedule."""
    conn.execute("DELETE FROM schedules WHERE id = %s", [schedule_id])


def due(conn: Connection, limit: int) -> list[UUID]:
    """Return schedules that are due, and hold their workspaces as every writer does.

    Nothing is waited for: what somebody holds alone is left for the next time. So whoever archives,
    deletes or removes a member and whoever fires never wait for each other in a circle.
    """
    rows = conn.execute(
        f"""
        WITH due AS MATERIALIZED (
            SELECT id, workspace_id FROM schedules
            WHERE enabled AND next_run_at <= now() ORDER BY next_run_at LIMIT %s
        ), held AS MATERIALIZED (
            SELECT id FROM workspaces WHERE id IN (SELECT workspace_id FROM due)
            ORDER BY id FOR KEY SHARE SKIP LOCKED
        )
        SELECT due.id FROM due JOIN held ON held.id = due.workspace_id
        WHERE {TRY_SHARED}(hashtextextended(due.workspace_id::text, 0))
        """,  # noqa: S608
        [limit],
    )
    return [row["id"] for row in rows]


def take(conn: Connection, schedule_ids: Sequence[UUID]) -> list[Row]:
    """Lock those of these schedules that are due still, and return them with what they depend on.

    `asleep`: archived or in the trash; `busy`: the last job has not ended; `role`, `actor_name` and
    `actor_email` are those of `updated_by` (null: no member, no account).
    """
    return conn.execute(
        """
        SELECT s.id, s.project_id, s.workspace_id, s.name, s.kind, s.payload, s.cron, s.timezone,
               s.updated_by, s.next_run_at, now() AS now,
               u.name AS actor_name, u.email AS actor_email,
               CASE WHEN u.id IS NOT NULL THEN greatest(wm.role, pm.role) END AS role,
               w.archived_at IS NOT NULL OR p.deleted_at IS NOT NULL AS asleep,
               coalesce(j.state IN ('queued', 'running', 'retrying'), false) AS busy
        FROM schedules s
        JOIN workspaces w ON w.id = s.workspace_id
        LEFT JOIN projects p ON p.id = s.project_id
        LEFT JOIN users u ON u.id = s.updated_by
        LEFT JOIN workspace_members wm ON wm.workspace_id = w.id AND wm.user_id = s.updated_by
        LEFT JOIN project_members pm ON pm.project_id = p.id AND pm.user_id = s.updated_by
        LEFT JOIN jobs j ON j.id = s.last_job_id
        WHERE s.id = ANY(%s) AND s.enabled AND s.next_run_at <= now()
        ORDER BY s.next_run_at FOR NO KEY UPDATE OF s SKIP LOCKED
        """,
        [list(schedule_ids)],
    ).fetchall()


def go_on(conn: Connection, schedule_id: UUID, next_run_at: datetime, job_id: UUID | None) -> None:
    """Note when a schedule is due next, and the job that it has submitted, if it has."""
    conn.put_off(
        """
        UPDATE schedules SET next_run_at = %s, last_job_id = coalesce(%s, last_job_id)
        WHERE id = %s
        """,
        [next_run_at, job_id, schedule_id],
    )


def stop(conn: Connection, schedule_id: UUID, reason: str) -> None:
    """Disable a schedule, and say why."""
    conn.put_off(
        "UPDATE schedules SET enabled = false, stopped_for = %s, updated_at = now() WHERE id = %s",
        [reason, schedule_id],
    )
