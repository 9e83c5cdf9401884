"""SQL of a project's jobs as people look at them: lists, and counts by state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs.queries import COLUMNS

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

# What a caller may ask for, and what the rows have to be then.
_FILTERS = {
    "states": "state = ANY(%(states)s::job_state[])",
    "kind": "kind = %(kind)s",
    "created_by": "created_by = %(created_by)s",
    "unique_key": "unique_key = %(unique_key)s",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "before": "id < %(before)s",
}
_STATES = ("queued", "running", "retrying", "succeeded", "failed", "cancelled")


def of_project(
    conn: Connection,
    project_id: UUID,
    *,
    limit: int,
    **filters: Any,
) -> list[Row]:
    """List a project's jobs, newest first; a filter of None is none, and `before` is an id.

    Only the filters that are given are in the statement: each is planned for what it asks.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    rules = [_FILTERS[name] for name in given]
    return conn.execute(
        f"""
        SELECT {COLUMNS} FROM jobs
        WHERE project_id = %(project_id)s
        {"".join(f" AND {rule}" for rule in rules)}
        ORDER BY id DESC LIMIT %(limit)s
        """,  # noqa: S608
        {"project_id": project_id, "limit": limit} | given,
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


def counts(conn: Connection, project_id: UUID) -> Row:
    """Return how many jobs of a project there are in each state."""
    rows = conn.execute(
        "SELECT state, count(*) AS n FROM jobs WHERE project_id = %s GROUP BY state", [project_id]
    )
    return dict.fromkeys(_STATES, 0) | {row["state"]: row["n"] for row in rows}
