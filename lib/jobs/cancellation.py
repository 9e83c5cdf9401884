"""Cancelling jobs: they end at once; whoever runs one finds its lease gone, and writes nothing."""

from __future__ import annotations

from lib.access.caller import Access
from lib.jobs import queries
from lib.jobs.telling import record

PROJECT_DELETED = "The project was deleted."


def of_deleted_project(access: Access) -> None:
    """Cancel all jobs of the project that have not ended: none comes back to life if it does.

    Its room is not told of each: everyone is let go. The caller holds the project alone.
    """
    rows = queries.cancel_all(access.conn, access.id, PROJECT_DELETED)
    record(access.conn, "job.cancelled", rows, actor=access.caller)
