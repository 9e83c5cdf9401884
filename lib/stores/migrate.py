"""`python -m lib.stores.migrate`: numbered SQL files, each applied once, in order, whole.

They use the direct address of Postgres (DATABASE_DIRECT_URL): the lock that keeps two runners apart
belongs to a session, which a transaction-mode pooler does not have.

A file named `*.index.sql` is one `CREATE INDEX CONCURRENTLY IF NOT EXISTS`, for a table in use: it
runs outside a transaction, for as long as it takes, and nobody who writes waits for it.
"""

import sys
from pathlib import Path
from time import monotonic, sleep

import psycopg
from psycopg import sql

from lib import logs
from lib.config import ConfigError, settings

MIGRATIONS = Path(__file__).parent / "migrations"
INDEX = ".index.sql"
LOCK = 0x636F6C6C6162  # "collab": the advisory lock that one runner holds
LOCK_WAIT = 60.0  # seconds to wait for another runner, or for Postgres to come up
LOCK_TIMEOUT = "1s"  # a migration never queues behind live traffic for longer
STATEMENT_TIMEOUT = "5s"
DEFAULTS = {  # of the database, for every other session: a restored one comes without them
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

_BROKEN = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relnamespace = 'public'::regnamespace
"""


def migrate(url: str) -> list[str]:
    """Apply what is missing to the database at `url`; return the names of the files applied.

    Raises psycopg.Error when one fails: it is rolled back, those before it stay.
    """
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as conn:
        _wait_for_lock(conn)
        conn.execute(_LEDGER)
        done = {name for (name,) in conn.execute("SELECT name FROM schema_migrations")}
        missing = [f for f in sorted(MIGRATIONS.glob("*.sql")) if f.stem not in done]
        for file in missing:
            (_build if file.name.endswith(INDEX) else _apply)(conn, file)
        _set_defaults(conn)
        return [file.stem for file in missing]


def _wait_for_lock(conn: psycopg.Connection) -> None:
    deadline = monotonic() + LOCK_WAIT
    while monotonic() < deadline:
        row = conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if row and row[0]:
            return
        sleep(0.2)
    raise psycopg.OperationalError("another migration has been running for too long")


def _apply(conn: psycopg.Connection, file: Path) -> None:
    with conn.transaction():
        conn.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        conn.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        conn.execute(file.read_bytes())
        conn.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [file.stem])


def _build(conn: psycopg.Connection, file: Path) -> None:
    for name in ("lock_timeout", "statement_timeout"):
        conn.execute(sql.SQL("SET {} = 0").format(sql.Identifier(name)))
    for (broken,) in conn.execute(_BROKEN).fetchall():  # what a build that was killed has left
        conn.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(broken)))
    conn.execute(file.read_bytes())
    conn.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [file.stem])


def _set_defaults(conn: psycopg.Connection) -> None:
    database = sql.Identifier(conn.info.dbname)
    for name, value in DEFAULTS.items():
        statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
        conn.execute(statement.format(database, sql.Identifier(name), sql.Literal(value)))


def main() -> int:
    """Migrate the configured database; return the exit status."""
    logs.configure()
    started = monotonic()
    try:
        applied = migrate(settings().database_direct_url)
    except (ConfigError, psycopg.Error) as error:
        print(f"The database could not be migrated: {error}", file=sys.stderr)  # noqa: T201
        return 1
    logs.info("migrations.applied", names=applied, ms=round((monotonic() - started) * 1000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
