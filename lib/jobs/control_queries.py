"""SQL of what people do with jobs that are there: cancel, retry, pause.

Several jobs are locked in the order of their ids, as by workers; and for no key update, as whoever
asks for one shares its key with all others who do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.queries import CHANGED, LIVE, WITH_ACTOR

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_CANCEL = f"""
, changed AS (
    UPDATE jobs j SET cancel_requested_at = coalesce(j.cancel_requested_at, now()),
        state = CASE WHEN j.state = 'running' THEN j.state ELSE 'cancelled' END,
        finished_at = CASE WHEN j.state = 'running' THEN NULL ELSE clock_timestamp() END
    FROM wanted WHERE j.id = wanted.id
    RETURNING {CHANGED}
)
{WITH_ACTOR}
"""  # noqa: S608

# Attempts are numbered on, so that the history stays as it is.
_RETRY = f"""
, changed AS (
    UPDATE jobs j SET state = 'queued', run_at = now(), queued_at = now(), progress = 0,
        progress_message = '', error = NULL, started_at = NULL, finished_at = NULL, worker = NULL,
        cancel_requested_at = NULL,
        max_attempts = j.attempt + coalesce(
            (SELECT k.max_attempts FROM job_kinds k WHERE k.kind = j.kind), 1
        )
    FROM wanted WHERE j.id = wanted.id
    RETURNING {CHANGED}
)
{WITH_ACTOR}
"""  # noqa: S608

# Of a project, as the callers of many ask for them.
_ASKED = """
project_id = %(project_id)s
AND (%(kind)s::text IS NULL OR kind = %(kind)s)
"""


def cancel(conn: Connection, job_id: UUID) -> Row | None:
    """Cancel a job at once, or ask whoever runs it to stop; None when it has ended."""
    return conn.execute(
        f"""
        WITH wanted AS (
            SELECT id FROM jobs WHERE id = %s AND state IN {LIVE} FOR NO KEY UPDATE
        ) {_CANCEL}
        """,  # noqa: S608
        [job_id],
    ).fetchone()


def cancel_many(
    conn: Connection,
    project_id: UUID,
    *,
    kind: str | None,
    states: Sequence[str],
    limit: int,
) -> list[Row]:
    """Cancel up to `limit` jobs of a project, the oldest first; none twice."""
    return conn.execute(
        f"""
        WITH wanted AS (
            SELECT id FROM jobs
            WHERE {_ASKED} AND state IN {LIVE}
              AND state::text = ANY(%(states)s) AND cancel_requested_at IS NULL
            ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
        ) {_CANCEL}
        """,  # noqa: S608
        {"project_id": project_id, "kind": kind, "states": list(states), "limit": limit},
    ).fetchall()


def retry(conn: Connection, job_id: UUID) -> Row | None:
    """Have a job that failed or was cancelled run again; None when it is in another state."""
    return conn.execute(
        f"""
        WITH wanted AS (
            SELECT id FROM jobs
            WHERE id = %s AND state IN ('failed', 'cancelled') FOR NO KEY UPDATE
        ) {_RETRY}
        """,  # noqa: S608
        [job_id],
    ).fetchone()


def retry_many(
    conn: Connection,
    project_id: UUID,
    *,
    kind: str | None,
    states: Sequence[str],
    ended_after: datetime | None,
    ended_before: datetime | None,
    limit: int,
) -> list[Row]:
    """Have up to `limit` jobs of a project run again, the oldest first.

    Of those with the same unique key only the newest, and none while another one lives.
    """
    return conn.execute(
        f"""
        WITH wanted AS (
            SELECT id FROM jobs d
            WHERE {_ASKED} AND state IN ('failed', 'cancelled') AND state::text = ANY(%(states)s)
              AND (%(after)s::timestamptz IS NULL OR finished_at >= %(after)s)
              AND (%(before)s::timestamptz IS NULL OR finished_at < %(before)s)
              AND (unique_key IS NULL OR NOT EXISTS (
                SELECT 1 FROM jobs o
                WHERE o.project_id = d.project_id AND o.kind = d.kind
                  AND o.unique_key = d.unique_key AND (o.state IN {LIVE}
                    OR (o.id > d.id AND o.state IN ('failed', 'cancelled')))
              ))
            ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
        ) {_RETRY}
        """,  # noqa: S608
        {"project_id": project_id, "kind": kind, "states": list(states), "limit": limit}
        | {"after": ended_after, "before": ended_before},
    ).fetchall()


def paused(conn: Connection, project_id: UUID) -> list[Row]:
    """Return what kinds a project has paused, since when, and who has."""
    return conn.execute(
        "SELECT kind, paused_at, paused_by FROM paused_kinds WHERE project_id = %s ORDER BY kind",
        [project_id],
    ).fetchall()


def pause(conn: Connection, project_id: UUID, kinds: Sequence[str], user_id: UUID) -> list[str]:
    """Pause kinds; return those that were not paused before."""
    rows = conn.execute(
        """
        INSERT INTO paused_kinds (project_id, kind, paused_by)
        SELECT %s, kind, %s FROM unnest(%s::text[]) kind ON CONFLICT DO NOTHING RETURNING kind
        """,
        [project_id, user_id, list(kinds)],
    )
    return [row["kind"] for row in rows]


def resume_others(conn: Connection, project_id: UUID, kinds: Sequence[str]) -> list[str]:
    """Resume all kinds that are paused but these; return which."""
    rows = conn.execute(
        "DELETE FROM paused_kinds WHERE project_id = %s AND kind <> ALL(%s::text[]) RETURNING kind",
        [project_id, list(kinds)],
    )
    return [row["kind"] for row in rows]


def take_resumed(conn: Connection, project_id: UUID, kinds: Sequence[str], limit: int) -> list[Row]:
    """Return up to `limit` waiting jobs of these kinds; they count as queued now."""
    return conn.execute(
        """
        UPDATE jobs SET queued_at = now() WHERE id IN (
            SELECT id FROM jobs
            WHERE project_id = %s AND state IN ('queued', 'retrying') AND kind = ANY(%s)
              AND run_at <= now()
            ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
        ) RETURNING id, priority
        """,
        [project_id, list(kinds), limit],
    ).fetchall()
