"""Cancelling jobs: what waits ends at once, what runs is asked to stop.

When a project is deleted, running ones end at once, too: whoever runs one finds its lease gone, and
writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.jobs import control_queries, deletion_queries, queries
from lib.jobs.telling import record, tell

PROJECT_DELETED = "The project was deleted."

Row = dict[str, Any]


def cancel(access: Access) -> Row:
    """Cancel the job: at once if it waits; one that runs is asked to stop: `cancel_requested_at`.

    Raises Conflict for one that has ended.
    """
    row = control_queries.cancel(access.conn, access.id)
    if row is None:
        raise Conflict("This job has ended.")
    _tell(access, [row])
    return row


def cancel_many(access: Access, *, kind: str | None, states: Sequence[str], limit: int) -> Row:
    """Cancel up to `limit` jobs of the project in these states; return how many: `count`."""
    rows = control_queries.cancel_many(
        access.conn, access.id, kind=kind, states=states, limit=limit
    )
    _tell(access, rows)
    return {"count": len(rows), "more": len(rows) == limit}


def of_deleted_project(access: Access) -> None:
    """Cancel all jobs of the project that have not ended: none comes back to life if it does.

    Its room is not told of each: everyone is let go. The caller holds the project alone.
    """
    rows = queries.cancel_all(access.conn, access.id, PROJECT_DELETED)
    record(access.conn, "job.cancelled", rows, actor=access.caller)


def hold_all(access: Access) -> None:
    """Wait for whoever ends jobs of the workspace, which is about to go with all of them.

    A deletion that came upon them one by one, in no order, would wait in a circle with a worker.
    """
    deletion_queries.hold_all(access.conn, access.id)


def _tell(access: Access, rows: Sequence[Row]) -> None:
    running = [row for row in rows if row["state"] == "running"]
    ended = [row for row in rows if row["state"] != "running"]
    tell(access.conn, "job.cancelled", ended, actor=access.caller)
    tell(access.conn, "job.cancel-requested", running, actor=access.caller)
