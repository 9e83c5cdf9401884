"""Submitting a job: once it is committed it will run, whatever becomes of Redis."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from lib.access.caller import Access
from lib.errors import Invalid, mistake
from lib.ids import new_text
from lib.jobs import kinds, quotas
from lib.jobs.creation import create

if TYPE_CHECKING:
    from lib.stores.connection import Connection


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
    job = create(
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
    return create(access.conn, place | given | by, caller)


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
        "request_id": new_text(),
        "created_by": schedule["updated_by"],
        "schedule_id": schedule["id"],
    }
    actor = {name: schedule[name] for name in ("actor_name", "actor_email")}
    return create(conn, given, actor=actor, schedule_id=str(schedule["id"]))
