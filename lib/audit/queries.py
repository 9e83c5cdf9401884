"""SQL of the audit outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


# Mostly there is one, and no webhook: then this takes Postgres two thirds of what _MANY would.
_ONE = """
WITH kept AS (
    INSERT INTO audit_outbox (id, collection, project_id, event)
    VALUES (%(id)s::uuid, %(collection)s, %(project_id)s, %(event)s::text::json)
)
SELECT tell_webhooks(jsonb_build_array(
    jsonb_build_object('id', %(id)s::uuid, 'event', %(event)s::text::jsonb)
))
WHERE EXISTS (
    SELECT FROM webhook_endpoints WHERE workspace_id = %(workspace_id)s::uuid AND enabled
)
"""
_MANY = """
INSERT INTO audit_outbox (id, collection, project_id, event)
SELECT given.*
FROM json_to_recordset(%(events)s::text::json)
        AS given (id uuid, collection text, project_id uuid, event json),
     tell_webhooks(%(events)s::text::jsonb)
"""


def waits(conn: Connection, before: UUID) -> bool:
    """Return whether MongoDB does not have all events with ids before this one yet."""
    row = conn.execute(
        "SELECT EXISTS (SELECT 1 FROM audit_outbox WHERE id < %s) AS waits", [before]
    ).fetchone()
    return bool(row and row["waits"])


def insert(conn: Connection, events: Sequence[tuple[UUID, str, dict[str, Any]]]) -> None:
    """Add events to the outbox, and to what webhooks are told: each an id, collection, document."""
    import orjson

    if len(events) == 1:
        ((event_id, collection, event),) = events
        places = {name: event[name] for name in ("workspace_id", "project_id")}
        given = {"id": event_id, "collection": collection, "event": orjson.dumps(event).decode()}
        conn.put_off(_ONE, given | places)
    else:
        rows = [
            {"id": i, "collection": c, "project_id": e["project_id"], "event": e}
            for i, c, e in events
        ]
        conn.put_off(_MANY, {"events": orjson.dumps(rows).decode()})


def of_project(
    conn: Connection,
    project_id: UUID,
    *,
    collections: Sequence[str],
    action: str | None,
    since: str | None,
    before: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a project's events that MongoDB may not have yet, newest first.

    `since` and `before` are bounds of the ids; an `action` that ends in a dot stands for all that
    begin with it.
    """
    return conn.execute(
        """
        SELECT id, event FROM audit_outbox
        WHERE project_id = %(project_id)s AND collection = ANY (%(collections)s)
          AND (%(since)s::uuid IS NULL OR id >= %(since)s::uuid)
          AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
          AND (%(action)s::text IS NULL OR event ->> 'action' = %(action)s
               OR (right(%(action)s, 1) = '.' AND starts_with(event ->> 'action', %(action)s)))
        ORDER BY id DESC LIMIT %(limit)s
        """,
        {"project_id": project_id, "collections": list(collections), "action": action}
        | {"since": since, "before": before, "limit": limit},
    ).fetchall()


def waiting(conn: Connection) -> int:
    """Count the events that MongoDB does not have yet."""
    row = conn.execute("SELECT count(*) AS waiting FROM audit_outbox").fetchone()
    return row["waiting"] if row else 0


def lag(conn: Connection, most: int) -> dict[str, Any]:
    """Return how many events wait for MongoDB, up to `most`, and the oldest's `age` in seconds."""
    row = conn.execute(
        """
        SELECT (SELECT count(*) FROM (SELECT 1 FROM audit_outbox LIMIT %s) counted) AS waiting,
            coalesce((
                SELECT extract(epoch FROM clock_timestamp() - created_at)::float8
                FROM audit_outbox ORDER BY id LIMIT 1
            ), 0) AS age
        """,
        [most],
    ).fetchone()
    return row or {"waiting": 0, "age": 0.0}
