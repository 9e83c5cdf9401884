"""Giving out: deliveries that are due become jobs, one for each attempt, a few for each endpoint.

Of each endpoint only so many are out at a time, so that one that is slow, or has thousands waiting,
leaves workers to the others; and they wait in a list of their own, of which a worker takes no more
than half of its threads can send. What a job does not bring back in time is given out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs import creation
from lib.stores import postgres
from lib.webhooks import dispatch_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KIND = "webhook.delivery"
MAX_ATTEMPTS = (
    5  # of the job, whose worker may die; the schedule of attempts at the receiver is ours
)
LIST = "webhooks"  # where their jobs wait
AT_ONCE = 4  # deliveries of one endpoint that are out at a time
IN_HAND = 600  # seconds; a job that waits or runs for longer has lost its delivery
BATCH = 200  # deliveries given out in one transaction


def dispatch() -> int:
    """Give out what is due, up to a batch; return how much. Safe to run anywhere, many at once.

    Raises Unavailable.
    """
    with postgres.transaction() as conn:
        if not dispatch_queries.my_turn(conn):
            return 0
        due = dispatch_queries.due(conn, at_once=AT_ONCE, limit=BATCH)
        taken = [(row["endpoint_id"], row["event_id"], _submit(conn, row)) for row in due]
        if taken:
            dispatch_queries.take(conn, taken, IN_HAND)
    return len(taken)


def _submit(conn: Connection, delivery: dict[str, Any]) -> UUID:
    payload = {name: str(delivery[name]) for name in ("endpoint_id", "event_id")}
    return creation.create_internal(
        conn,
        kind=KIND,
        payload=payload,
        max_attempts=MAX_ATTEMPTS,
        request_id=delivery["request_id"],
        priority=LIST,
    )
