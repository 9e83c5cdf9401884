"""How long jobs are kept after their end, with their files and logs; and deleting them by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lib.access.caller import Access
from lib.audit import events
from lib.config import settings
from lib.jobs import deletion_queries, queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

# Of mails and reports, which belong to no project; the job of a mail holds an address.
KEPT_DAYS = 7  # days


def delete_finished(conn: Connection, limit: int) -> int:
    """Delete up to `limit` jobs without a project that ended long ago; return how many."""
    return queries.delete_finished(conn, KEPT_DAYS, limit)


def delete_old(conn: Connection, limit: int) -> int:
    """Delete up to `limit` jobs of projects that ended long ago; return how many."""
    before = datetime.now(UTC) - timedelta(days=settings().job_retention_days)
    return deletion_queries.delete_ended(conn, None, before, limit)[0]


def purge(access: Access, *, finished_before: datetime, limit: int) -> dict[str, Any]:
    """Delete up to `limit` jobs of the project that ended before then; return how many: `count`."""
    count, more = deletion_queries.delete_ended(access.conn, access.id, finished_before, limit)
    if count:
        events.record(
            access.conn,
            "job.purged",
            access.caller,
            target=("project", access.id),
            workspace_id=access.target["workspace_id"],
            project_id=access.id,
            details={"count": count, "finished_before": finished_before.isoformat()},
        )
    return {"count": count, "more": more}
