"""Attempts at a job: each with its worker, its times and its end, if it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs import attempt_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def of_job(
    conn: Connection, job_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the attempts at a job, newest first; one more than `limit` when there are more.

    What was handed back before its end, by a worker that stopped, does not count as one.
    """
    return attempt_queries.of_job(conn, job_id, before=cursor, limit=limit + 1)
