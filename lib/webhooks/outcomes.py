"""How an attempt went, and what follows: an end, another attempt by schedule, a disabled endpoint.

Nothing here is told to an endpoint about its own deliveries, and their jobs belong to no workspace:
so no delivery brings about another.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from lib.audit import events
from lib.mail import mail
from lib.webhooks import addresses, delivery_queries, dispatch_queries, queries
from lib.workspaces import members

if TYPE_CHECKING:
    from lib.stores.connection import Connection

# Seconds from one attempt to the next: the schedule that Standard Webhooks gives as its example.
SCHEDULE = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.1  # of each pause, at most, so that what failed together does not come back together
MAX_RETRY_AFTER = 86_400  # seconds that a receiver may put us off
# For how long an endpoint that fails is sent nothing at all: a tenth of the time for which it has
# failed, within these seconds. So a dead one, with however much to be told, occupies a worker for
# one request in five minutes, not for one after another.
REST = (5, 300)
REST_PART = 0.1
MAX_FAILING = 5  # days of nothing but failures after which an endpoint is disabled
SLOW = 2_000  # milliseconds for an answer beyond which an endpoint is sent one at a time
GONE = 410  # the receiver wants no more of this
REASONS = {
    "gone": "it answered 410 Gone",
    "failing": f"no delivery has succeeded for {MAX_FAILING} days",
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a receiver: when (ISO 8601), how long, and what came of it.

    `status` is None where no answer came, and `error` says why; `excerpt` is how the answer began.
    `retry_after` is how many seconds the receiver asked us to wait.
    """

    at: str
    ms: int
    status: int | None = None
    error: str | None = None
    excerpt: str | None = None
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300

    def logged(self) -> Row:
        """Return it as the log of the delivery keeps it."""
        return {name: getattr(self, name) for name in ("at", "ms", "status", "error", "excerpt")}


def begin(conn: Connection, endpoint_id: UUID, event_id: UUID, job_id: UUID) -> Row | None:
    """Return the delivery that a job is to attempt; None when there is nothing to do any more."""
    delivery = dispatch_queries.in_hand(conn, endpoint_id, event_id, job_id)
    if delivery and not delivery["enabled"]:
        dispatch_queries.settle(conn, delivery, state="failed", attempt=None, delay=0)
        return None
    return delivery


def settle(conn: Connection, delivery: Row, attempt: Attempt) -> str:
    """Write down an attempt and what follows from it; return the delivery's state.

    `lost` is the state of one that is in other hands by now: nothing is written of it.
    """
    if attempt.delivered:
        queries.note_success(conn, delivery["endpoint_id"], attempt.ms > SLOW)
        return _write(conn, delivery, attempt, "delivered")
    rest = max(REST[0], _asked(attempt.retry_after)), REST[1]
    endpoint = queries.note_failure(
        conn, delivery["endpoint_id"], days=MAX_FAILING, rest=rest, part=REST_PART
    )
    if endpoint is None:
        return "lost"
    reason = _reason(endpoint, attempt)
    again = endpoint["enabled"] and not reason and delivery["tries"] < len(SCHEDULE)
    state = _write(conn, delivery, attempt, "pending" if again else "failed")
    if reason and endpoint["enabled"] and state != "lost":
        _disable(conn, endpoint, reason)
    return state


def delay(tries: int, retry_after: float | None) -> float:
    """Return how many seconds to wait after a delivery was tried so often before, and again now."""
    pause = SCHEDULE[min(tries, len(SCHEDULE) - 1)]
    return max(pause, _asked(retry_after)) * (1 + random.uniform(0, JITTER))


def _asked(retry_after: float | None) -> float:
    return min(retry_after or 0, MAX_RETRY_AFTER)


def _write(conn: Connection, delivery: Row, attempt: Attempt, state: str) -> str:
    pause = delay(delivery["tries"], attempt.retry_after)
    written = dispatch_queries.settle(
        conn, delivery, state=state, attempt=attempt.logged(), delay=pause
    )
    return state if written else "lost"


def _reason(endpoint: Row, attempt: Attempt) -> str | None:
    if attempt.status == GONE:
        return "gone"
    return "failing" if endpoint["for_too_long"] else None


def _disable(conn: Connection, endpoint: Row, reason: str) -> None:
    queries.disable(conn, endpoint["id"], reason)
    delivery_queries.give_up_waiting(conn, endpoint["id"])
    if endpoint["workspace_id"] is None:
        return  # the workspace was deleted: nobody is left to be told
    events.record(
        conn,
        "webhook.disabled",
        None,
        target=("webhook", endpoint["id"]),
        workspace_id=endpoint["workspace_id"],
        details={"origin": addresses.origin(endpoint["url"]), "reason": reason},
    )
    for owner in members.owners(conn, endpoint["workspace_id"]):
        values = {"workspace": owner["workspace"], "reason": REASONS[reason]}
        values["host"] = urlsplit(endpoint["url"]).hostname or ""
        mail.send(conn, to=owner["email"], template="webhook-disabled", values=values)
