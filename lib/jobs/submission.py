"""Submitting a job: once it is committed it will run, whatever becomes of Redis."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from lib.access.caller import Access
from lib.bridge import queue
from lib.ids import new_id
from lib.jobs import kinds, queries
from lib.jobs.telling import tell


def submit(
    access: Access,
    *,
    kind: str,
    payload: dict[str, Any],
    run_at: datetime | None,
    max_attempts: int | None,
) -> dict[str, Any]:
    """Create a job in the project, to run at once or at `run_at`, and return it.

    Raises Invalid for an unknown kind, or a payload that the kind does not take.
    """
    known, caller, conn = kinds.check(access.conn, kind, payload), access.caller, access.conn
    job = queries.insert(
        conn,
        {
            "id": new_id(),
            "workspace_id": access.target["workspace_id"],
            "project_id": access.id,
            "kind": kind,
            "payload": payload,
            "max_attempts": max_attempts or known["max_attempts"],
            "run_at": run_at,
            "request_id": caller.origin.request_id,
            "created_by": caller.user_id,
        },
    )
    later = job.pop("later")
    tell(conn, "job.submitted", [job], actor=caller)
    if not later:
        conn.after_commit(partial(queue.push, [job["id"]]))  # the sweep heals a push that fails
    return job
