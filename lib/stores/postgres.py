"""PostgreSQL: a lazy pool that is safe behind a transaction-mode pooler.

No session state and no LISTEN, and no prepared statements unless DATABASE_POOLED is off: behind a
pooler, each transaction may run on another server connection. Statement and lock timeouts are the
database's own defaults, set by the migrations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from lib import logs
from lib.config import settings
from lib.errors import Unavailable
from lib.stores import redis
from lib.stores.once import Once

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from lib.stores.connection import Connection

POOL_MAX = 4  # connections per process; functions x instances x this is what the pooler sees
POOL_WAIT = 5.0  # seconds to wait for a free connection
POOL_IDLE = 30.0  # seconds before a resting connection is closed
CONNECT_TIMEOUT = 2  # seconds
AWAY = ("08", "57P")  # how the codes of a lost connection and of a server shutting down begin

_size = POOL_MAX


def pool_size(connections: int) -> None:
    """Set how many connections this process may hold; for before first use."""
    global _size
    _size = connections


@contextmanager
def connection() -> Iterator[Connection]:
    """Lend a connection on which each statement commits by itself.

    Raises Unavailable when Postgres can't be reached or gives up on the statement.
    """
    import psycopg
    from psycopg_pool import PoolTimeout

    try:
        pool = _pool()
        conn = _lend(pool)
        try:
            conn.announcements.clear()
            conn.last_words.clear()
            yield conn
            conn.last_used = monotonic()
        finally:
            pool.putconn(conn)
    except (psycopg.OperationalError, PoolTimeout) as error:
        logs.warning("postgres.unavailable", kind=type(error).__name__, reason=str(error)[:200])
        if _is_away(error):
            from lib.stores.connection import suspect_all

            suspect_all()
        raise Unavailable("The database does not answer; try again in a moment.") from error


@contextmanager
def transaction() -> Iterator[Connection]:
    """Lend a connection inside a transaction; commit it with its last words, then announce.

    Raises Unavailable as `connection` does. A failing announcement is logged, never raised: what
    was committed stays committed, and the listeners catch up from Postgres.
    """
    with connection() as conn:
        conn.begin()
        try:
            yield conn
            conn.end()
        except BaseException:
            conn.abandon()
            raise
        announcements, conn.announcements = conn.announcements, []
    _make(announcements)


@contextmanager
def at_once() -> Iterator[Connection]:
    """Lend a connection for one statement, which commits by itself; then announce.

    Nothing that it locks is locked for longer than it takes. Raises as `transaction` does.
    """
    with connection() as conn:
        yield conn
        announcements, conn.announcements = conn.announcements, []
    _make(announcements)


def _make(announcements: list[Callable[[], None]]) -> None:
    if announcements:
        _attempt(partial(_announce, announcements))


def _announce(announcements: list[Callable[[], None]]) -> None:
    with redis.together():
        for announce in announcements:
            _attempt(announce)


def _attempt(announce: Callable[[], None]) -> None:
    try:
        announce()
    except Exception as error:  # noqa: BLE001
        logs.warning("announcement.failed", kind=type(error).__name__, reason=str(error)[:200])


def is_outage(error: BaseException | None) -> bool:
    """Return whether an Unavailable came of Postgres being away, not of what was asked of it."""
    return _is_away(error.__cause__ if error else None)


def _is_away(error: BaseException | None) -> bool:
    from psycopg import OperationalError

    # Without a code, the connection was lost before the server could say anything.
    return isinstance(error, OperationalError) and (error.sqlstate or "08").startswith(AWAY)


def close() -> None:
    """Close the pool, if it was ever opened."""
    if (pool := _pool.forget()) is not None:
        pool.close()


def _lend(pool: ConnectionPool[Connection]) -> Connection:
    from psycopg import OperationalError

    from lib.stores.connection import check

    # Not the pool's own check: it sleeps before it tries the next one, and after a restart of
    # Postgres all that rest here are dead.
    ends = monotonic() + POOL_WAIT
    while True:
        conn = pool.getconn(ends - monotonic())
        try:
            check(conn)
        except BaseException as error:
            pool.putconn(conn)
            if not isinstance(error, OperationalError):
                raise
        else:
            return conn


def _open() -> ConnectionPool[Connection]:
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    from lib.stores.connection import Connection

    Connection.prepares = not settings().database_pooled
    return ConnectionPool(
        settings().database_url,
        connection_class=Connection,
        kwargs={
            "autocommit": True,
            "prepare_threshold": None,  # Connection sees to that
            "row_factory": dict_row,
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": "collab",
        },
        min_size=0,
        max_size=_size,
        open=True,
        timeout=POOL_WAIT,
        max_idle=POOL_IDLE,
        reconnect_timeout=POOL_WAIT,
    )


_pool = Once(_open)
