"""SQL of maintenance runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def begin(conn: Connection, run_id: UUID, function: str, days: int) -> None:
    """Note that a function has begun, and forget its runs of over `days` days ago."""
    conn.execute(
        """
        WITH old AS (
            DELETE FROM maintenance_runs
            WHERE function = %(function)s AND started_at < now() - make_interval(days => %(days)s)
        )
        INSERT INTO maintenance_runs (id, function) VALUES (%(id)s, %(function)s)
        """,
        {"id": run_id, "function": function, "days": days},
    )


def end(conn: Connection, run_id: UUID, done: dict[str, Any] | None, error: str | None) -> None:
    """Note what a function did, or why it failed."""
    from psycopg.types.json import Jsonb

    conn.execute(
        "UPDATE maintenance_runs SET finished_at = now(), done = %s, error = %s WHERE id = %s",
        [None if done is None else Jsonb(done), error, run_id],
    )


def last_runs(conn: Connection, functions: list[str]) -> list[dict[str, Any]]:
    """Return, for each function, its last run, its last success, and counts of the last day.

    `age` is of the last success, or else of the database, in seconds.
    """
    return conn.execute(
        """
        SELECT given.function, last.started_at, last.finished_at, last.done, last.error,
            (extract(epoch FROM last.finished_at - last.started_at) * 1000)::int8 AS ms,
            succeeded.finished_at AS succeeded_at,
            extract(epoch FROM now() - coalesce(succeeded.finished_at, made.at))::float8 AS age,
            counted.runs, counted.failures
        FROM unnest(%s::text[]) WITH ORDINALITY AS given (function, place)
        LEFT JOIN LATERAL (
            SELECT started_at, finished_at, done, error FROM maintenance_runs
            WHERE function = given.function ORDER BY id DESC LIMIT 1
        ) last ON true
        LEFT JOIN LATERAL (
            SELECT finished_at FROM maintenance_runs
            WHERE function = given.function AND done IS NOT NULL ORDER BY id DESC LIMIT 1
        ) succeeded ON true
        CROSS JOIN (SELECT min(applied_at) AS at FROM schema_migrations) made
        CROSS JOIN LATERAL (
            SELECT count(*) AS runs, count(error) AS failures FROM maintenance_runs
            WHERE function = given.function AND started_at > now() - interval '1 day'
        ) counted
        ORDER BY given.place
        """,
        [functions],
    ).fetchall()
