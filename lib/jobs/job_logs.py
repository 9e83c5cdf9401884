"""What jobs log while they run: kept with the job, and shown to its room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.bridge import rooms
from lib.jobs import log_queries
from lib.jobs.lifecycle import Lease

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]


def write(
    conn: Connection, lease: Lease, attempt: int, project_id: UUID | None, lines: Sequence[Row]
) -> bool:
    """Keep lines, each with `id`, `at` and `message`; False when the lease is lost."""
    if not log_queries.insert(conn, lease.pair, attempt, lines):
        return False
    if project_id:
        shown = {"job_id": str(lease.job_id), "project_id": str(project_id), "attempt": attempt}
        rooms.show(conn, project_id, rooms.JOB_LOG, shown | {"lines": list(lines)})
    return True


def of_job(
    conn: Connection, job_id: UUID, *, cursor: UUID | None, after: UUID | None, limit: int
) -> list[Row]:
    """List the lines, the oldest first; one more than `limit` when there are more.

    They begin after the line `after`, or where the `cursor` of a page says.
    """
    return log_queries.of_job(conn, job_id, after=cursor or after, limit=limit + 1)
