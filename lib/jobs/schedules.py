"""Schedules: jobs that are submitted again and again, at times by a cron expression.

They are of a project, or of a workspace as a whole, for its reports. A schedule submits in the name
of whoever changed it last, and only while they may.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.audit import events
from lib.errors import Conflict, NotFound
from lib.ids import new_id
from lib.jobs import kinds, times
from lib.jobs import schedule_queries as queries
from lib.jobs.schedule_queries import Place

MAX_SCHEDULES = 50  # of one project, and of one workspace as a whole


def create(access: Access, **given: Any) -> dict[str, Any]:
    """Create a schedule and return it; `given` is what ScheduleIn names.

    Raises Invalid for an unknown kind or a payload that it does not take, Conflict when there are
    as many schedules as there may be.
    """
    conn, place = access.conn, _place(access)
    _check(access, given)
    if queries.count(conn, place) >= MAX_SCHEDULES:
        raise Conflict(f"There are {MAX_SCHEDULES} schedules here; delete one first.")
    next_run_at = times.next_after(given["cron"], given["timezone"], queries.now(conn))
    by = {"updated_by": access.caller.user_id, "next_run_at": next_run_at}
    schedule_id = new_id()
    queries.insert(conn, place._asdict() | given | by | {"id": schedule_id})
    schedule = read(access, schedule_id)
    _record(access, "schedule.created", schedule, _about(schedule))
    return schedule


def listed(access: Access, *, cursor: UUID | None, limit: int) -> list[dict[str, Any]]:
    """List the schedules, oldest first; one more than `limit` when there are more."""
    return queries.of_place(access.conn, _place(access), after=cursor, limit=limit + 1)


def read(access: Access, schedule_id: UUID) -> dict[str, Any]:
    """Return a schedule; raises NotFound."""
    schedule = queries.by_id(access.conn, _place(access), schedule_id)
    if schedule is None:
        raise NotFound()
    return schedule


def held(access: Access, schedule_id: UUID) -> dict[str, Any]:
    """Return a schedule that nobody changes, and that fires no more, until the commit."""
    if not queries.hold(access.conn, _place(access), schedule_id):
        raise NotFound()
    return read(access, schedule_id)


def update(access: Access, changes: dict[str, Any], schedule_id: UUID) -> dict[str, Any]:
    """Change a schedule, which is its changer's from now on, and return it.

    One that is enabled goes on at the next time after now. Raises NotFound, Invalid as `create`.
    """
    was = held(access, schedule_id)
    new = was | changes
    _check(access, new)
    kept = {name: new[name] for name in ("name", "kind", "payload", "cron", "timezone", "enabled")}
    kept["next_run_at"] = _next_run(was, new, queries.now(access.conn))
    kept["stopped_for"] = None if new["enabled"] else was["stopped_for"]
    queries.update(access.conn, schedule_id, kept | {"updated_by": access.caller.user_id})
    schedule = read(access, schedule_id)
    changed = sorted(name for name, value in changes.items() if value != was[name])
    _record(access, "schedule.changed", schedule, _about(schedule) | {"changed": changed})
    return schedule


def delete(access: Access, schedule_id: UUID) -> None:
    """Delete a schedule; jobs that it has submitted stay. Raises NotFound."""
    schedule = held(access, schedule_id)
    queries.delete(access.conn, schedule_id)
    _record(access, "schedule.deleted", schedule, _about(schedule))


def _place(access: Access) -> Place:
    # A project's row names its workspace.
    if "workspace_id" in access.target:
        return Place(access.target["workspace_id"], access.id)
    return Place(access.id, None)


def _check(access: Access, schedule: dict[str, Any]) -> None:
    if _place(access).project_id:  # of a workspace's, the schema knows the one kind
        kinds.check(access.conn, schedule["kind"], schedule["payload"])


def _next_run(was: dict[str, Any], new: dict[str, Any], now: datetime) -> datetime:
    same = all(was[name] == new[name] for name in ("cron", "timezone"))
    if same and was["enabled"] and was["next_run_at"]:
        moment: datetime = was["next_run_at"]
        return moment
    return times.next_after(new["cron"], new["timezone"], now)


def _about(schedule: dict[str, Any]) -> dict[str, Any]:
    # Not the payload: nobody has said that it holds no secret.
    return {name: schedule[name] for name in ("name", "kind", "cron", "timezone", "enabled")}


def _record(access: Access, action: str, schedule: dict[str, Any], details: dict[str, Any]) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("schedule", schedule["id"]),
        **_place(access)._asdict(),
        details=details,
    )
