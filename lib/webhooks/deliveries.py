"""Deliveries as owners see them: the log of an endpoint, once more from the start, and a ping."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.access.throttles import Limit
from lib.errors import Conflict, NotFound
from lib.ids import first_at, new_id
from lib.webhooks import delivery_queries, endpoints

if TYPE_CHECKING:
    from lib.stores.connection import Connection

PING = "webhook.ping"
PINGING = Limit("webhook-ping", 60, 3600)  # pings that one person sends
REDELIVERING = Limit("webhook-redeliver", 600, 3600)  # requests of one person
AT_ONCE = 1000  # deliveries that one request begins anew
KEPT_DAYS = 30  # days that a delivery stays in the log

Row = dict[str, Any]


def of_endpoint(
    conn: Connection,
    workspace_id: UUID,
    webhook_id: UUID,
    *,
    cursor: UUID | None,
    limit: int,
    state: str | None,
    type: str | None,  # noqa: A002 - as the specification calls it
    since: datetime | None,
    until: datetime | None,
) -> list[Row]:
    """List what an endpoint was told, newest first; one more than `limit` when there are more.

    Raises NotFound.
    """
    ends = [each for each in (cursor, until and first_at(until)) if each]
    rows = delivery_queries.of_endpoint(
        conn,
        workspace_id,
        webhook_id,
        state=state,
        type=type,
        since=first_at(since) if since else None,
        before=min(ends, default=None),
        limit=limit + 1,
    )
    if not rows:
        raise NotFound()
    return [row for row in rows if row["id"]]


def read(access: Access, webhook_id: UUID, delivery_id: UUID) -> Row:
    """Return one delivery with its attempts and what it says; raises NotFound."""
    delivery = delivery_queries.by_id(access.conn, access.id, webhook_id, delivery_id)
    if delivery is None:
        raise NotFound()
    return delivery


def ping(access: Access, webhook_id: UUID) -> Row:
    """Have an endpoint told that it is there; raises NotFound, and Conflict for a disabled one."""
    endpoint, event_id = endpoints.require_enabled(access, webhook_id), new_id()
    request_id = access.caller.origin.request_id
    said = _ping(access, webhook_id, event_id)
    delivery_queries.insert(access.conn, webhook_id, event_id, said, request_id)
    endpoints.wake(access, webhook_id)
    endpoints.record(access, "webhook.pinged", endpoint)
    return read(access, webhook_id, event_id)


def redeliver(access: Access, webhook_id: UUID, delivery_id: UUID) -> Row:
    """Begin a delivery anew, whatever became of it; its id stays.

    Raises NotFound, and Conflict for a disabled endpoint or an attempt that is under way.
    """
    read(access, webhook_id, delivery_id)
    endpoint = endpoints.require_enabled(access, webhook_id)
    if not delivery_queries.again(access.conn, webhook_id, delivery_id):
        raise Conflict("An attempt is under way.")
    endpoints.wake(access, webhook_id)
    endpoints.record(access, "webhook.redelivered", endpoint, delivery_id=str(delivery_id))
    return read(access, webhook_id, delivery_id)


def redeliver_failed(
    access: Access, webhook_id: UUID, *, since: datetime, until: datetime | None
) -> Row:
    """Begin those anew that failed, of events in a range of times: up to 1,000, the oldest.

    Returns how many, `redelivered`, and whether there are `more`. Raises as `redeliver` does.
    """
    endpoint = endpoints.require_enabled(access, webhook_id)
    begun = delivery_queries.failed_again(
        access.conn,
        webhook_id,
        since=first_at(since),
        before=first_at(until) if until else None,
        limit=AT_ONCE,
    )
    if begun:
        endpoints.wake(access, webhook_id)
        endpoints.record(access, "webhook.redelivered", endpoint, deliveries=begun)
    return {"redelivered": begun, "more": begun == AT_ONCE}


def forget(conn: Connection, limit: int) -> int:
    """Delete up to `limit` deliveries that are as old as they may be; return how many."""
    return delivery_queries.delete_old(conn, KEPT_DAYS, limit)


def _ping(access: Access, webhook_id: UUID, event_id: UUID) -> Row:
    caller = access.caller
    data = {
        "id": str(event_id),
        "action": PING,
        "actor": {"id": str(caller.user_id), "name": caller.name},
        "target": {"type": "webhook", "id": str(webhook_id)},
        "workspace_id": str(access.id),
        "project_id": None,
        "details": {},
    }
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"type": PING, "timestamp": at, "data": data}
