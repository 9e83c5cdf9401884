"""SQL of the room logs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.statements import Later


def append_one(conn: Connection, project_id: UUID | str, message: str) -> Later:
    """Append one message, as most transactions do; its row is as those of `append`."""
    return conn.put_off(
        """
        WITH counted AS (
            UPDATE room_logs SET seq = seq + 1 WHERE project_id = %s
            RETURNING project_id, epoch, seq
        ), kept AS (
            INSERT INTO room_events (project_id, seq, message)
            SELECT project_id, seq, %s FROM counted
        )
        SELECT 1 AS place, epoch, seq FROM counted
        """,
        [project_id, message],
    )


def append(conn: Connection, project_ids: Sequence[UUID | str], messages: Sequence[str]) -> Later:
    """Append messages, each to its project's log; the rows are `place`, `epoch` and `seq`.

    `place` counts the messages from 1; one whose project has no log is not among them. The logs are
    locked until the commit, in the order of the projects' ids: so nobody waits in a circle.
    """
    return conn.put_off(
        """
        WITH given AS (
            SELECT * FROM ROWS FROM (
                unnest(%(ids)s::uuid[]), json_array_elements_text(%(messages)s::json)
            ) WITH ORDINALITY AS given (project_id, message, place)
        ), held AS MATERIALIZED (
            SELECT project_id, epoch, seq FROM room_logs
            WHERE project_id = ANY (%(ids)s::uuid[]) ORDER BY project_id FOR NO KEY UPDATE
        ), numbered AS MATERIALIZED (
            SELECT place, project_id, epoch, message,
                held.seq + row_number() OVER (PARTITION BY project_id ORDER BY place) AS seq
            FROM given JOIN held USING (project_id)
        ), counted AS (
            UPDATE room_logs SET seq = newest.seq
            FROM (SELECT project_id, max(seq) AS seq FROM numbered GROUP BY project_id) newest
            WHERE room_logs.project_id = newest.project_id
        ), kept AS (
            INSERT INTO room_events (project_id, seq, message)
            SELECT project_id, seq, message FROM numbered
        )
        SELECT place, epoch, seq FROM numbered
        """,
        {"ids": _array(project_ids), "messages": json.dumps(messages)},
    )


def heads(conn: Connection, project_ids: Sequence[UUID | str]) -> list[dict[str, Any]]:
    """Return the state of these projects' logs."""
    return conn.execute(
        "SELECT project_id, epoch, seq, pruned FROM room_logs WHERE project_id = ANY (%s::uuid[])",
        [_array(project_ids)],
    ).fetchall()


def statistics(conn: Connection, project_id: UUID | str, hours: int) -> dict[str, Any] | None:
    """Return how far a log has come, and the number of its events by name."""
    return conn.execute(
        """
        SELECT seq, coalesce((
            SELECT jsonb_object_agg(name, count) FROM (
                SELECT message::jsonb ->> 'type' AS name, count(*) AS count FROM room_events
                WHERE project_id = log.project_id AND at > now() - make_interval(hours => %s)
                GROUP BY name
            ) counted
        ), '{}') AS events
        FROM room_logs log WHERE project_id = %s
        """,
        [hours, project_id],
    ).fetchone()


def page(
    conn: Connection, project_id: UUID | str, *, after: int, limit: int, size: int
) -> list[dict[str, Any]]:
    """Return up to `limit` events after a number, in order: the first, and what fits in `size`."""
    return conn.execute(
        """
        SELECT epoch, next.seq, message FROM room_logs log CROSS JOIN LATERAL (
            SELECT seq, message, sum(octet_length(message)) OVER (ORDER BY seq) AS size
            FROM (
                SELECT seq, message FROM room_events
                WHERE project_id = log.project_id AND seq > %(after)s ORDER BY seq LIMIT %(limit)s
            ) next
        ) next
        WHERE project_id = %(project_id)s AND (size <= %(size)s OR next.seq = %(after)s + 1)
        ORDER BY next.seq
        """,
        {"project_id": project_id, "after": after, "limit": limit, "size": size},
    ).fetchall()


def due(conn: Connection, *, hours: int, most: int, limit: int) -> list[UUID]:
    """Return projects whose logs hold what is older, or more, than is kept; the oldest first."""
    rows = conn.execute(
        """
        SELECT log.project_id FROM room_logs log CROSS JOIN LATERAL (
            SELECT at FROM room_events WHERE project_id = log.project_id ORDER BY seq LIMIT 1
        ) oldest
        WHERE log.seq > log.pruned AND (
            oldest.at < now() - make_interval(hours => %(hours)s)
            OR log.seq - log.pruned > %(most)s
        )
        ORDER BY oldest.at LIMIT %(limit)s
        """,
        {"hours": hours, "most": most, "limit": limit},
    )
    return [row["project_id"] for row in rows]


def prune(conn: Connection, project_id: UUID, *, hours: int, most: int, step: int) -> int:
    """Delete up to `step` events from the beginning of a log, and note it; return how many."""
    return conn.execute(
        """
        WITH noted AS (
            UPDATE room_logs log SET pruned = greatest(
                log.pruned,
                least(log.seq - %(most)s, log.pruned + %(step)s),
                (
                    SELECT coalesce(
                        min(seq) FILTER (WHERE at >= now() - make_interval(hours => %(hours)s)) - 1,
                        max(seq)
                    )
                    FROM (
                        SELECT seq, at FROM room_events
                        WHERE project_id = log.project_id AND seq > log.pruned
                        ORDER BY seq LIMIT %(step)s
                    ) oldest
                )
            )
            WHERE project_id = %(project_id)s
            RETURNING project_id, pruned
        )
        DELETE FROM room_events USING noted
        WHERE room_events.project_id = noted.project_id AND seq <= noted.pruned
        """,
        {"project_id": project_id, "hours": hours, "most": most, "step": step},
    ).rowcount


def _array(ids: Sequence[UUID | str]) -> str:
    # A plain text: for many elements, the driver's own arrays took longer than the statement.
    return f"{{{','.join(map(str, ids))}}}"
