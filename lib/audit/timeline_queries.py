"""SQL of the timeline: what jobs and rooms know of a request, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def traces(
    conn: Connection,
    workspace_id: UUID,
    request_id: str,
    *,
    job_ids: Sequence[str],
    project_ids: Sequence[str],
    limit: int,
) -> list[dict[str, Any]]:
    """Return the steps of these jobs and their attempts, and what these projects' rooms were told.

    Only those of the workspace count. A room keeps what it was told for a day.
    """
    return conn.execute(
        """
        SELECT step.at, 'job' AS source, step.what, job.id AS target_id, job.project_id,
            NULL::bigint AS seq,
            jsonb_build_object('kind', kind, 'state', state, 'attempt', attempt, 'error', error)
                AS details
        FROM jobs job CROSS JOIN LATERAL (
            VALUES ('submitted', created_at), ('started', started_at), ('finished', finished_at)
        ) AS step (what, at)
        WHERE job.id = ANY (%(jobs)s::uuid[]) AND workspace_id = %(workspace)s
          AND step.at IS NOT NULL
        UNION ALL
        SELECT step.at, 'job', step.what, job.id, job.project_id, NULL,
            jsonb_build_object('attempt', tried.attempt, 'worker', tried.worker,
                'error', tried.error)
        FROM jobs job JOIN ended_attempts tried ON tried.job_id = job.id CROSS JOIN LATERAL (
            VALUES ('attempt-started', tried.started_at),
                ('attempt-' || tried.outcome, tried.finished_at)
        ) AS step (what, at)
        WHERE job.id = ANY (%(jobs)s::uuid[]) AND workspace_id = %(workspace)s
        UNION ALL
        SELECT told.at, 'room', told.message::jsonb ->> 'type', told.project_id, told.project_id,
            told.seq, jsonb_build_object('message_id', told.message::jsonb ->> 'id')
        FROM projects project JOIN room_events told ON told.project_id = project.id
        WHERE project.id = ANY (%(projects)s::uuid[]) AND project.workspace_id = %(workspace)s
          AND strpos(told.message, %(request)s) > 0
          AND told.message::jsonb ->> 'request_id' = %(request)s
        ORDER BY at, source LIMIT %(limit)s
        """,
        {
            "jobs": f"{{{','.join(job_ids)}}}",
            "projects": f"{{{','.join(project_ids)}}}",
            "workspace": workspace_id,
            "request": request_id,
            "limit": limit,
        },
    ).fetchall()
