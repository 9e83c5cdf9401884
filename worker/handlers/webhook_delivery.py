"""`webhook.delivery`: one attempt to tell one endpoint of one event."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import Any

import orjson
from marshmallow import fields

from lib.config import settings
from lib.schemas import Strict
from lib.stores import postgres
from lib.webhooks import addresses, dispatch, outcomes, secret_store, signing
from lib.webhooks.outcomes import Attempt
from lib.webhooks.sealing import Unopenable
from worker import outgoing
from worker.context import Context
from worker.kinds import job_kind

TIMEOUT = 120  # seconds: more than an attempt takes, with a resolver that is slow
AGENT = "Collab-Webhooks/1.0"
MEMBERS = ("type", "timestamp", "data")  # of a payload, in this order


class DeliveryIn(Strict):
    """Which delivery to attempt."""

    endpoint_id = fields.UUID(required=True)
    event_id = fields.UUID(required=True)


@job_kind(
    dispatch.KIND,
    title="Tell a webhook of an event",
    payload=DeliveryIn,
    max_attempts=dispatch.MAX_ATTEMPTS,
    timeout=TIMEOUT,
    internal=True,
    isolated=False,  # one request, within limits of time and size
)
def deliver(job: Context) -> dict[str, Any]:
    """Make one attempt; after a crash it is made again, and the receiver knows it by its id.

    What a receiver does wrong is no failure of the job: the delivery has a schedule of its own.
    """
    with postgres.transaction() as conn:
        delivery = outcomes.begin(conn, **job.payload, job_id=job.job_id)
        keys = _keys(conn, delivery)
    if delivery is None:
        return {"state": "lost"}
    attempt = _attempted(delivery, keys)
    job.check()
    with postgres.transaction() as conn:
        state = outcomes.settle(conn, delivery, attempt)
    dispatch.dispatch()  # what has waited for this one need not wait for the loop's next round
    return {"state": state, "status": attempt.status}


def _keys(conn: Any, delivery: dict[str, Any] | None) -> list[str]:
    try:
        return secret_store.opened(conn, delivery["endpoint_id"]) if delivery else []
    except Unopenable:
        return []


def _attempted(delivery: dict[str, Any], keys: list[str]) -> Attempt:
    at, began = datetime.now(UTC).isoformat(timespec="milliseconds"), perf_counter()
    found: dict[str, Any] = {}
    try:
        answer = _send(delivery, keys)
        found = {"status": answer.status, "excerpt": answer.excerpt}
        found["retry_after"] = _seconds(answer.retry_after)
    except (addresses.BadAddress, outgoing.NotReached) as error:
        found = {"error": str(error)}
    return Attempt(at, round((perf_counter() - began) * 1000), **found)


def _send(delivery: dict[str, Any], keys: list[str]) -> outgoing.Answer:
    if not keys:
        raise outgoing.NotReached("Its secret can't be opened any more: make a new one.")
    target = addresses.parse(delivery["url"])
    body = orjson.dumps({name: delivery["payload"][name] for name in MEMBERS})
    headers = {"content-type": "application/json", "user-agent": AGENT}
    headers |= signing.headers(str(delivery["event_id"]), int(time.time()), body, keys)
    return outgoing.post(target, headers, body, settings().webhook_timeout)


def _seconds(retry_after: str | None) -> float | None:
    """Return what Retry-After says, seconds or a date (RFC 9110, section 10.2.3), in seconds."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
