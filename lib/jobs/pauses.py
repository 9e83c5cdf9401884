"""Pausing kinds: a project's jobs of them wait until they are resumed; what runs goes on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import queue
from lib.jobs import control_queries, kinds

QUEUED_AT_ONCE = 500  # jobs on resuming; the sweep queues the rest

Row = dict[str, Any]


def read(access: Access) -> Row:
    """Return what kinds the project has paused: `items`."""
    return {"items": control_queries.paused(access.conn, access.id)}


def replace(access: Access, wanted: Sequence[str]) -> Row:
    """Pause these kinds and resume all others; return what `read` does.

    Raises Invalid for a kind that there is not, unless it is paused already.
    """
    conn = access.conn
    before = {row["kind"] for row in control_queries.paused(conn, access.id)}
    new = [kind for kind in wanted if kind not in before]
    kinds.check_names(conn, {f"/kinds/{wanted.index(kind)}": kind for kind in new})
    for kind in control_queries.pause(conn, access.id, new, access.caller.user_id):
        _record(access, "job.kind-paused", kind)
    resumed = control_queries.resume_others(conn, access.id, wanted)
    for kind in resumed:
        _record(access, "job.kind-resumed", kind)
    if resumed:
        jobs = control_queries.take_resumed(conn, access.id, resumed, QUEUED_AT_ONCE)
        conn.after_commit(partial(queue.push_rows, jobs))
    return read(access)


def _record(access: Access, action: str, kind: str) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("project", access.id),
        workspace_id=access.target["workspace_id"],
        project_id=access.id,
        details={"kind": kind},
    )
