"""SQL of running jobs. Every clock is the database's; every write carries the lease's token.

A worker whose lease was taken from it finds no row any more, whatever it still tries to write.
Several jobs are locked in the order of their ids, by everybody: so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.lookup_statements import SHARED
from lib.jobs.attempt_queries import UNDER_WAY, written_down
from lib.jobs.queries import CHANGED, COLUMNS, NOT_PAUSED, TOLD, WITH_ACTOR

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_OURS = "j.id = given.id AND j.lease_token = given.token AND j.state = 'running'"
_OVER = "lease_token = NULL, lease_until = NULL"


def claim(
    conn: Connection,
    job_ids: Sequence[UUID],
    *,
    worker: str,
    kinds: Sequence[str],
    lease: int,
    spare: bool,
) -> list[Row]:
    """Take those of these jobs that are due, of these kinds, not paused; `lease` is in seconds.

    A row tells how many seconds the job `waited` since it was due. With `spare`, only those that
    have another attempt after this one.
    """
    return conn.execute(
        f"""
        WITH due AS (
            SELECT id FROM jobs
            WHERE id = ANY(%(ids)s) AND state IN ('queued', 'retrying') AND run_at <= now()
              AND kind = ANY(%(kinds)s) AND (NOT %(spare)s OR attempt + 1 < max_attempts)
              AND {NOT_PAUSED}
            ORDER BY id FOR UPDATE
        ), changed AS (
            UPDATE jobs j SET state = 'running', attempt = attempt + 1, worker = %(worker)s,
                lease_token = gen_random_uuid(),
                lease_until = now() + make_interval(secs => %(lease)s),
                progress = 0, progress_message = '', started_at = coalesce(started_at, now()),
                attempt_started_at = now()
            FROM due WHERE j.id = due.id
            RETURNING {TOLD}, j.payload, j.lease_token,
                extract(epoch FROM clock_timestamp() - j.run_at)::float8 AS waited
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        {"ids": list(job_ids), "worker": worker, "kinds": list(kinds), "lease": lease}
        | {"spare": spare},
    ).fetchall()


def renew(conn: Connection, leases: Sequence[tuple[UUID, UUID]], lease: int) -> set[UUID]:
    """Extend leases, each a job's id and token; return the ids of those that still hold.

    A row that somebody has locked is passed over: it is not lost, and nobody can take it now.
    """
    rows = conn.execute(
        f"""
        WITH held AS (
            SELECT j.id FROM jobs j, unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) given(id, token)
            WHERE {_OURS}
        ), free AS (
            SELECT j.id FROM jobs j, unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) given(id, token)
            WHERE {_OURS} FOR UPDATE OF j SKIP LOCKED
        ), renewed AS (
            UPDATE jobs SET lease_until = now() + make_interval(secs => %(lease)s)
            FROM free WHERE jobs.id = free.id
        )
        SELECT id FROM held
        """,  # noqa: S608
        _given(leases) | {"lease": lease},
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


def succeed(
    conn: Connection, leases: Sequence[tuple[UUID, UUID]], results: Sequence[Row | None]
) -> list[Row]:
    """End jobs well; return those whose lease still held."""
    from psycopg.types.json import Jsonb

    pairs = zip(leases, results, strict=True)
    given = [{"id": str(i), "token": str(t), "result": result} for (i, t), result in pairs]
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}, given.result
            FROM jobs j, jsonb_to_recordset(%(given)s) AS given(id uuid, token uuid, result jsonb)
            WHERE {_OURS} ORDER BY j.id FOR UPDATE OF j
        ), attempts AS (
            {written_down("'succeeded'")}
        ), changed AS (
            UPDATE jobs j SET state = 'succeeded', progress = 100, result = ours.result,
                error = NULL, finished_at = clock_timestamp(), {_OVER}
            FROM ours WHERE j.id = ours.id
            RETURNING {TOLD}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        {"given": Jsonb(given)},
    ).fetchall()


def fail(
    conn: Connection,
    lease: tuple[UUID, UUID],
    error: str,
    *,
    delay: float,
    final: bool,
    outcome: str,
    digest: str | None,
) -> Row | None:
    """End an attempt badly: another one in `delay` seconds, unless it was the last or `final`.

    Nor does another follow where somebody asked for the job to be cancelled.
    """
    return conn.execute(
        f"""
        WITH given AS (
            SELECT %(ids)s::uuid AS id, %(tokens)s::uuid AS token
        ), ours AS (
            SELECT {UNDER_WAY}, CASE
                WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled'::job_state
                WHEN %(final)s OR j.attempt >= j.max_attempts THEN 'failed'
                ELSE 'retrying' END AS becomes
            FROM jobs j, given WHERE {_OURS} FOR UPDATE OF j
        ), attempts AS (
            {written_down("%(outcome)s::attempt_outcome", "%(error)s::text", "%(digest)s::text")}
        ), changed AS (
            UPDATE jobs j SET error = %(error)s::text, state = ours.becomes, {_OVER},
                run_at = CASE WHEN ours.becomes <> 'retrying' THEN run_at
                              ELSE clock_timestamp() + make_interval(secs => %(delay)s) END,
                finished_at = CASE WHEN ours.becomes <> 'retrying' THEN clock_timestamp() END
            FROM ours WHERE j.id = ours.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        {"ids": lease[0], "tokens": lease[1], "error": error, "delay": delay, "final": final}
        | {"outcome": outcome, "digest": digest},
    ).fetchone()


def asked_to_stop(conn: Connection, leases: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Return the ids of those of these jobs that somebody asked to be cancelled."""
    rows = conn.execute(
        f"""
        SELECT j.id FROM jobs j, unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) given(id, token)
        WHERE {_OURS} AND j.cancel_requested_at IS NOT NULL
        """,  # noqa: S608
        _given(leases),
    )
    return {row["id"] for row in rows}


def cancel(conn: Connection, leases: Sequence[tuple[UUID, UUID]], reason: str) -> list[Row]:
    """End those of these jobs that somebody asked to be cancelled; return them."""
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT {UNDER_WAY}
            FROM jobs j, unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) given(id, token)
            WHERE {_OURS} AND j.cancel_requested_at IS NOT NULL ORDER BY j.id FOR UPDATE OF j
        ), attempts AS (
            {written_down("'cancelled'", "%(reason)s::text")}
        ), changed AS (
            UPDATE jobs j SET state = 'cancelled', error = %(reason)s::text,
                finished_at = clock_timestamp(), {_OVER}
            FROM ours WHERE j.id = ours.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        _given(leases) | {"reason": reason},
    ).fetchall()


def release(conn: Connection, leases: Sequence[tuple[UUID, UUID]], delay: float) -> list[Row]:
    """Give jobs back as if they had not been taken: the attempt is not counted."""
    return conn.execute(
        f"""
        WITH ours AS (
            SELECT j.id FROM jobs j, unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) given(id, token)
            WHERE {_OURS} ORDER BY j.id FOR UPDATE OF j
        ), changed AS (
            UPDATE jobs j SET attempt = attempt - 1, worker = NULL, queued_at = now(),
                state = CASE WHEN attempt > 1 THEN 'retrying'::job_state ELSE 'queued' END,
                run_at = now() + make_interval(secs => %(delay)s), {_OVER}
            FROM ours WHERE j.id = ours.id
            RETURNING {CHANGED}
        )
        {WITH_ACTOR}
        """,  # noqa: S608
        _given(leases) | {"delay": delay},
    ).fetchall()


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


def _given(leases: Sequence[tuple[UUID, UUID]]) -> Row:
    return {"ids": [job_id for job_id, _ in leases], "tokens": [token for _, token in leases]}
