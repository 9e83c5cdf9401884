"""Jobs as they come into being: the row, word of it, and the push to the queue after the commit.

What may be asked for is lib.jobs.submission's to check; what the system itself asks for comes here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lib.bridge import queue
from lib.errors import Conflict
from lib.ids import new_id
from lib.jobs import queries
from lib.jobs.telling import tell

if TYPE_CHECKING:
    from uuid import UUID

    from lib.access.caller import Caller
    from lib.stores.connection import Connection


class JobExists(Conflict):
    """A job of the kind with the same unique key has not ended yet; `job_id` says which."""

    type, title = "job-exists", "There is such a job already"

    def __init__(self, job_id: UUID | None) -> None:
        place = {"job_id": str(job_id), "location": f"/api/v1/jobs/{job_id}"} if job_id else {}
        super().__init__("One with this unique key waits or runs; it was left as it is.", **place)


def create_internal(
    conn: Connection,
    *,
    kind: str,
    payload: dict[str, Any],
    max_attempts: int,
    request_id: str,
    priority: str = "normal",
) -> UUID:
    """Create a job of an internal kind, which belongs to no project, and return its id.

    It need not be announced: the first worker that knows the kind takes what waits.
    """
    nobodys = dict.fromkeys(("workspace_id", "project_id", "run_at", "created_by"))
    given = {"kind": kind, "payload": payload, "max_attempts": max_attempts}
    return create(conn, nobodys | given | {"request_id": request_id, "priority": priority})["id"]


def create(
    conn: Connection,
    given: dict[str, Any],
    caller: Caller | None = None,
    actor: dict[str, Any] | None = None,
    **details: Any,
) -> dict[str, Any]:
    """Create a job in the open transaction, and return it; once that commits, it is queued if due.

    The `actor` is told of as who submitted it, where there is no caller. Raises JobExists.
    """
    job = _inserted(conn, {"id": new_id()} | given)
    tell(conn, "job.submitted", [job | (actor or {})], actor=caller, **details)
    if job["due_in"] <= 0:
        conn.after_commit(partial(queue.push_rows, [job]))  # the sweep heals a push that fails
    return job


def _inserted(conn: Connection, given: dict[str, Any]) -> dict[str, Any]:
    if job := queries.insert(conn, given):
        return job
    live = queries.live_id(conn, given["project_id"], given["kind"], given["unique_key"])
    job = None if live else queries.insert(conn, given)  # it has just ended
    if job is None:
        raise JobExists(live)
    return job
