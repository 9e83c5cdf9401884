"""Word of what happens to jobs: into the audit log with the change, to the room after it.

What a worker does is told by the statements that do it (lib.jobs.told_queries), in the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lib.access.caller import Caller, Origin, Person
from lib.audit import events
from lib.audit.events import Event
from lib.bridge import rooms

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

_SHOWN = ("kind", "state", "attempt", "max_attempts", "progress", "progress_message", "error")


def tell(
    conn: Connection, action: str, rows: Sequence[Row], actor: Caller | None = None, **details: Any
) -> None:
    """Record `action` for each job and announce it; the actor is who submitted it, unless given."""
    record(conn, action, rows, actor, **details)
    announce(conn, *rows)


def record(
    conn: Connection, action: str, rows: Sequence[Row], actor: Caller | None = None, **details: Any
) -> None:
    """Record `action` for each job, for the log alone."""
    events.record_all(conn, [_event(action, row, actor, details) for row in rows])


def announce(conn: Connection, *rows: Row) -> None:
    """Tell the rooms of their projects that the jobs have another state; without one, nobody."""
    for row in (row for row in rows if row["project_id"]):
        rooms.announce(conn, row["project_id"], rooms.JOB_UPDATED, _shown(row), row["request_id"])


def pass_on(conn: Connection, rows: Sequence[Row]) -> None:
    """Send the rooms what a statement has told their logs of jobs, once that is committed.

    The rows keep no `message`: it is longer than all else in them.
    """
    said = [(row["project_id"], text) for row in rows if (text := row.pop("message"))]
    if said:
        conn.after_commit(partial(rooms.publish_logged, said))


def show_progress(conn: Connection, row: Row) -> None:
    """Show the room of its project, if it has one, how far the job has come."""
    if row["project_id"]:
        rooms.show(conn, row["project_id"], rooms.JOB_UPDATED, _shown(row), row["request_id"])


def _shown(row: Row) -> Row:
    shown = {"job_id": str(row["id"]), "project_id": str(row["project_id"])}
    asked = row["cancel_requested_at"]
    shown |= {name: row[name] for name in _SHOWN}
    return shown | {"cancel_requested_at": asked and asked.isoformat()}


def _event(action: str, row: Row, actor: Caller | None, details: Row) -> Event:
    about = {"kind": row["kind"], "attempt": row["attempt"]} | details
    return Event(
        action,
        actor or _submitter(row),
        target=("job", row["id"]),
        workspace_id=row["workspace_id"],
        project_id=row["project_id"],
        origin=None if actor else Origin(row["request_id"], "", ""),
        details=about | ({"error": row["error"]} if row["error"] else {}),
    )


def _submitter(row: Row) -> Person | None:
    if row["created_by"] is None:  # their account is gone, or the system itself submitted it
        return None
    return Person(row["created_by"], row["actor_email"], row["actor_name"])
