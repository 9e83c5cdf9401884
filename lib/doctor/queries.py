"""SQL of the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def identity(conn: Connection) -> str:
    """Return a digest of when this database got its first table: no other one has it."""
    row = conn.execute(
        """
        SELECT left(encode(sha256((current_database() || min(applied_at))::bytea), 'hex'), 12) AS id
        FROM schema_migrations
        """
    ).fetchone()
    return row["id"] if row else ""


def server(conn: Connection) -> dict[str, Any]:
    """Return the version (160004 is 16.4), the clock in seconds, and the use of connections."""
    return (
        conn.execute(
            """
            SELECT current_setting('server_version_num')::int AS version,
                   extract(epoch FROM clock_timestamp())::float8 AS now,
                   current_setting('max_connections')::int AS most,
                   current_setting('superuser_reserved_connections')::int AS reserved,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
                       AS used,
                   current_setting('statement_timeout') AS statement_timeout
            """
        ).fetchone()
        or {}
    )


def applied(conn: Connection) -> set[str]:
    """Return the names of the migrations that were applied."""
    return {row["name"] for row in conn.execute("SELECT name FROM schema_migrations")}
