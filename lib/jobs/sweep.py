"""The sweep: jobs that nobody runs although somebody should. Safe to run anywhere, many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from lib.bridge import queue
from lib.config import settings
from lib.jobs import sweep_queries
from lib.jobs.telling import pass_on
from lib.stores import postgres

BATCH = 500  # jobs of each sort in one statement
LOOKED_THROUGH = 5_000  # jobs that wait or run, for stalled ones: the first, and the next ones
MAX_COUNTED = 100_000  # jobs that wait; beyond that nobody needs the number
ROUNDS = 10  # so many batches of those whose time has come: many may have the same
DIED = "The worker stopped in the middle of this attempt."
NOTHING = {"retaken": 0, "failed": 0, "due": 0, "lost": 0}

_place = sweep_queries.FIRST  # after which this process looks for stalled jobs next


def sweep() -> dict[str, int]:
    """Take over stalled jobs, and queue those that are due or that Redis lost; return how many.

    Raises Unavailable while a store does not answer.
    """
    return NOTHING | _stalled() | _due() | _lost()


def due() -> dict[str, Any]:
    """Return how many `jobs` wait for a worker, up to a limit, and since how long the `oldest`.

    In seconds. Raises Unavailable while Postgres does not answer.
    """
    with postgres.connection() as conn:
        return sweep_queries.due(conn, MAX_COUNTED)


def _stalled() -> dict[str, int]:
    # What has been due for longest is looked at each time: mostly that is what was taken first.
    global _place
    states = Counter[str]()
    for place in dict.fromkeys((sweep_queries.FIRST, _place)):
        with postgres.connection() as conn:
            stalled, next_place = sweep_queries.stalled(conn, place, LOOKED_THROUGH)
        for start in range(0, len(stalled), BATCH):
            states += _taken_over(stalled[start : start + BATCH])
        _place = next_place
    return {"retaken": states["retrying"], "failed": states["failed"]}


def _taken_over(job_ids: Sequence[UUID]) -> Counter[str]:
    with postgres.at_once() as conn:
        rows = sweep_queries.end_stalled(conn, job_ids, settings().job_lease, DIED)
        retaken = [row for row in rows if row["state"] == "retrying"]
        pass_on(conn, rows)
        conn.after_commit(lambda: queue.push_rows(retaken))
    return Counter(row["state"] for row in rows)


def _due() -> dict[str, int]:
    # Pushed before the commit: if Redis does not answer, they count as due still.
    taken = 0
    for _ in range(ROUNDS):
        with postgres.transaction() as conn:
            due = sweep_queries.take_due(conn, BATCH)
            queue.push_rows(due)
        taken += len(due)
        if len(due) < BATCH:
            break
    return {"due": taken}


def _lost() -> dict[str, int]:
    # A long queue is no loss: only as many are queued again as there are too few messages.
    queued = queue.length()
    with postgres.transaction() as conn:
        missing = sweep_queries.waiting(conn, queued + BATCH) - queued
        if missing <= 0:
            return {"lost": 0}
        lost = sweep_queries.take_lost(conn, settings().job_lost_after, missing)
        queue.push_rows(lost)
    return {"lost": len(lost)}
