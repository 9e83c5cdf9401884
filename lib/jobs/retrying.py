"""Retrying by hand what failed or was cancelled: with as many attempts again as its kind allows.

Attempts are numbered on, so that those made before stay as they were; the pauses between them begin
anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from lib.access.caller import Access
from lib.bridge import queue
from lib.errors import Conflict
from lib.jobs import control_queries, queries, quotas
from lib.jobs.creation import JobExists
from lib.jobs.telling import tell

Row = dict[str, Any]


def retry(access: Access) -> Row:
    """Have the job run again.

    Raises Conflict for one that has neither failed nor been cancelled, JobExists while another one
    with its unique key lives, QuotaExceeded.
    """
    quotas.ask(access.conn, access.target["workspace_id"])
    job = access.target
    if job["unique_key"]:
        live = queries.live_id(access.conn, job["project_id"], job["kind"], job["unique_key"])
        if live and live != access.id:
            raise JobExists(live)
    with _alone():
        row = control_queries.retry(access.conn, access.id)
    if row is None:
        raise Conflict("Only a job that failed or was cancelled can be retried.")
    _run_again(access, [row])
    return row


def retry_many(
    access: Access,
    *,
    kind: str | None,
    states: Sequence[str],
    ended_after: datetime | None,
    ended_before: datetime | None,
    limit: int,
) -> Row:
    """Have up to `limit` jobs of the project run again; return how many: `count`.

    Those whose unique key is taken are left out. Raises QuotaExceeded, and none is.
    """
    quotas.ask(access.conn, access.target["workspace_id"])
    with _alone():
        rows = control_queries.retry_many(
            access.conn,
            access.id,
            kind=kind,
            states=states,
            ended_after=ended_after,
            ended_before=ended_before,
            limit=limit,
        )
    _run_again(access, rows)
    return {"count": len(rows), "more": len(rows) == limit}


def _run_again(access: Access, rows: Sequence[Row]) -> None:
    tell(access.conn, "job.retried", rows, actor=access.caller)
    access.conn.after_commit(partial(queue.push_rows, rows))


@contextmanager
def _alone() -> Iterator[None]:
    """Translate what happens when the unique key is taken in this very moment."""
    from psycopg.errors import UniqueViolation

    try:
        yield
    except UniqueViolation:
        raise JobExists(None) from None
