"""The timeline of a request: what the log, its jobs and the rooms know of it, in order of time.

It holds what has come to the log; that takes about a second, or as long as MongoDB is away.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any
from uuid import UUID

from lib.audit import log, timeline_queries
from lib.audit.actions import JOB_EVENTS, PROJECT_ACTIONS
from lib.stores import mongo, postgres

MOST_EVENTS = 500  # of each collection, and as many steps of jobs and announcements
MOST_PROJECTS = 20  # whose rooms are looked through

Row = dict[str, Any]


def of_request(workspace_id: UUID, request_id: str) -> Row:
    """Return the `entries` of one request in a workspace, the earliest first.

    Each is of the `log` (an event), of a `job` (submitted, started, finished; its attempts) or of a
    `room` (what its members were told). Raises Unavailable while a store does not answer.
    """
    events = _events(workspace_id, request_id)
    jobs = {event["target_id"] for event in events if event["target_type"] == "job"}
    projects = {event["project_id"] for event in events if event["project_id"]}
    with postgres.connection() as conn:
        traces = timeline_queries.traces(
            conn,
            workspace_id,
            request_id,
            job_ids=sorted(jobs),
            project_ids=sorted(projects)[:MOST_PROJECTS],
            limit=MOST_EVENTS,
        )
    entries = [*map(_of_log, events), *map(_of_trace, traces)]
    return {"request_id": request_id, "entries": sorted(entries, key=itemgetter("at"))}


def _events(workspace_id: UUID, request_id: str) -> list[Row]:
    wanted = {"request_id": request_id, "workspace_id": str(workspace_id)}
    with mongo.database() as database:
        return [
            document
            for name in (PROJECT_ACTIONS, JOB_EVENTS)
            for document in database[name].find(wanted).sort("event_id", 1).limit(MOST_EVENTS)
        ]


def _of_log(event: Row) -> Row:
    shown = log.shown(event)
    about = {name: shown[name] for name in ("at", "project_id", "actor", "target", "details")}
    return about | {"source": "log", "what": shown["action"], "seq": shown["chain"]["seq"]}


def _of_trace(row: Row) -> Row:
    target = {"type": row["source"], "id": str(row["target_id"])}
    named = {name: row[name] for name in ("at", "source", "what", "seq", "details")}
    project_id = str(row["project_id"]) if row["project_id"] else None  # none: the workspace's own
    return named | {"project_id": project_id, "actor": None, "target": target}
