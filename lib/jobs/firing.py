"""Firing: schedules whose time has come submit their jobs. Safe to run anywhere, many at once.

A job and the schedule's next time are written in one transaction, so that each time counts once.
Times that passed while nobody fired are made up for by one job, not by one each; times at which the
last job has not ended yet, or the project is archived or in the trash, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.access.permissions import allows
from lib.audit import events
from lib.errors import Invalid
from lib.jobs import reports, submission, times
from lib.jobs import schedule_queries as queries
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

BATCH = 50  # schedules in one transaction
# What whoever changed a schedule last has to be allowed to do still, and what does it.
OF_PROJECT = "job.submit", submission.submit_scheduled
OF_WORKSPACE = "report.create", reports.submit_scheduled
NOTHING = {"fired": 0, "left_out": 0, "stopped": 0}

NOT_ALLOWED = "Whoever changed it last may not submit jobs here any more."
NOT_TAKEN = "There is no such kind any more, or it does not take this payload."


def fire() -> dict[str, int]:
    """Submit the jobs of schedules that are due, up to BATCH; return how many did what.

    Raises Unavailable while Postgres does not answer.
    """
    done = dict(NOTHING)
    with postgres.transaction() as conn:
        if ids := queries.due(conn, BATCH):
            for schedule in queries.take(conn, ids):
                done[_fire(conn, schedule)] += 1
    return done


def _fire(conn: Connection, schedule: dict[str, Any]) -> str:
    try:
        next_run_at = times.next_after(schedule["cron"], schedule["timezone"], schedule["now"])
        if schedule["asleep"] or schedule["busy"]:
            queries.go_on(conn, schedule["id"], next_run_at, None)
            return "left_out"
        permission, submit = OF_PROJECT if schedule["project_id"] else OF_WORKSPACE
        if schedule["role"] is None or not allows(permission, schedule["role"]):
            return _stop(conn, schedule, NOT_ALLOWED)
        job = submit(conn, schedule)
    except times.NoTime as error:
        return _stop(conn, schedule, str(error))
    except Invalid:
        return _stop(conn, schedule, NOT_TAKEN)
    queries.go_on(conn, schedule["id"], next_run_at, job["id"])
    return "fired"


def _stop(conn: Connection, schedule: dict[str, Any], reason: str) -> str:
    queries.stop(conn, schedule["id"], reason)
    events.record(
        conn,
        "schedule.stopped",
        None,
        target=("schedule", schedule["id"]),
        workspace_id=schedule["workspace_id"],
        project_id=schedule["project_id"],
        details={"name": schedule["name"], "reason": reason},
    )
    return "stopped"
