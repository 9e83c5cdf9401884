"""The Postgres connection of this project: psycopg's, plus what follows a commit."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg
from psycopg.rows import DictRow

IDLE_BEFORE_CHECK = 1.0  # seconds a pooled connection may rest before it is pinged at checkout
ANSWER_WITHIN = 6.0  # seconds for one statement: the server's own limit is 5, if it is there at all
PING_WITHIN = 2.0  # seconds

_suspect_since = float("-inf")  # when a connection was last found broken


class Connection(psycopg.Connection[DictRow]):
    """A connection whose rows are dicts, with a list of calls to make after the commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.announcements: list[Callable[[], None]] = []
        self.last_used = monotonic()
        self.patience = ANSWER_WITHIN

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server as psycopg does, but not for ever.

        Raises psycopg.OperationalError, and closes the connection, when nothing comes in time, or
        something that is no answer: a pooler whose server goes away breaks off within one.
        """
        try:
            return super().wait(*args, **{"timeout": self.patience} | kwargs)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer in time") from None
        except psycopg.InternalError as error:
            if error.sqlstate:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("the connection broke off") from error

    def after_commit(self, announce: Callable[[], None]) -> None:
        """Call `announce` once the transaction now open has committed; never if it does not."""
        self.announcements.append(announce)


def check(conn: Connection) -> None:
    """Ping a pooled connection that has rested, or was last used before another broke.

    One in steady use costs no round trip. Raises psycopg.OperationalError when the connection is
    dead, so that the pool replaces it.
    """
    if monotonic() - conn.last_used > IDLE_BEFORE_CHECK or conn.last_used < _suspect_since:
        conn.patience = PING_WITHIN
        conn.execute("")
        conn.patience = ANSWER_WITHIN


def suspect_all() -> None:
    """Have every pooled connection pinged before its next use: one of them was found broken."""
    global _suspect_since
    _suspect_since = monotonic()
