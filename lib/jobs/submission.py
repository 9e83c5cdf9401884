"""Submitting a job: once it is committed it will run, whatever becomes of Redis."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access, Caller
from lib.bridge import queue
from lib.errors import Conflict, Invalid, mistake
from lib.ids import new_id
from lib.jobs import kinds, queries, quotas
from lib.jobs.telling import tell

if TYPE_CHECKING:
    from lib.stores.connection import Connection


class JobExists(Conflict):
    """A job of the kind with the same unique key has not ended yet; `job_id` says which."""

    type, title = "job-exists", "There is such a job already"

    def __init__(self, job_id: UUID | None) -> None:
        place = {"job_id": str(job_id), "location": f"/api/v1/jobs/{job_id}"} if job_id else {}
        super().__init__("One with this unique key waits or runs; it was left as it is.", **place)


def submit(
    access: Access,
    *,
    kind: str,
    payload: dict[str, Any],
    run_at: datetime | None,
    max_attempts: int | None,
    priority: str,
    unique_key: str | None,
) -> dict[str, Any]:
    """Create a job in the project, to run at once or at `run_at`, and return it.

    With one that is put off goes `retry_after`: in how many seconds to look how it is. Raises
    Invalid for an unknown kind, or what the kind does not take, JobExists, and QuotaExceeded.
    """
    known, caller = kinds.check(access.conn, kind, payload), access.caller
    if max_attempts and max_attempts > known["max_attempts"]:
        most = f"Of this kind, a job has at most {known['max_attempts']}."
        raise Invalid(mistake("/max_attempts", most))
    quotas.ask(access.conn, access.target["workspace_id"])
    job = _create(
        access.conn,
        {
            "workspace_id": access.target["workspace_id"],
            "project_id": access.id,
            "kind": kind,
            "payload": payload,
            "max_attempts": max_attempts or known["max_attempts"],
            "run_at": run_at,
            "priority": priority,
            "unique_key": unique_key,
            "request_id": caller.origin.request_id,
            "created_by": caller.user_id,
        },
        caller,
    )
    later = {"retry_after": ceil(job["due_in"])} if job["due_in"] > 0 else {}
    return job | later


def submit_for_workspace(
    access: Access, *, kind: str, payload: dict[str, Any], max_attempts: int
) -> dict[str, Any]:
    """Create a job of the workspace as a whole, of an internal kind, and return it.

    Raises QuotaExceeded.
    """
    quotas.ask(access.conn, access.id)
    given = {"kind": kind, "payload": payload, "max_attempts": max_attempts, "run_at": None}
    place = {"workspace_id": access.id, "project_id": None}
    caller = access.caller
    by = {"request_id": caller.origin.request_id, "created_by": caller.user_id}
    return _create(access.conn, place | given | by, caller)


def submit_scheduled(conn: Connection, schedule: dict[str, Any]) -> dict[str, Any]:
    """Create the job that a schedule of a project stands for; raises Invalid as `submit` does."""
    known = kinds.check(conn, schedule["kind"], schedule["payload"])
    return create_scheduled(conn, schedule, schedule["payload"], known["max_attempts"])


def create_scheduled(
    conn: Connection, schedule: dict[str, Any], payload: dict[str, Any], max_attempts: int
) -> dict[str, Any]:
    """Create a job for a schedule, in the name of who changed that last."""
    given = {name: schedule[name] for name in ("workspace_id", "project_id", "kind")} | {
        "payload": payload,
        "max_attempts": max_attempts,
        "run_at": None,
        "request_id": str(new_id()),
        "created_by": schedule["updated_by"],
        "schedule_id": schedule["id"],
    }
    actor = {name: schedule[name] for name in ("actor_name", "actor_email")}
    return _create(conn, given, actor=actor, schedule_id=str(schedule["id"]))


def submit_internal(
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
    return _create(conn, nobodys | given | {"request_id": request_id, "priority": priority})["id"]


def _create(
    conn: Connection,
    given: dict[str, Any],
    caller: Caller | None = None,
    actor: dict[str, Any] | None = None,
    **details: Any,
) -> dict[str, Any]:
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
