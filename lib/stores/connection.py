"""The Postgres connection of this project: psycopg's, plus what comes with and after a commit."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg
from psycopg.rows import DictRow

IDLE_BEFORE_CHECK = 1.0  # seconds a pooled connection may rest before it is pinged at checkout

_suspect_since = float("-inf")  # when a connection was last found broken


class Connection(psycopg.Connection[DictRow]):
    """A connection whose rows are dicts, with what to do at the commit, and after it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.announcements: list[Callable[[], None]] = []
        self.last_words: dict[LastWord, list[Any]] = {}
        self.last_used = monotonic()

    def after_commit(self, announce: Callable[[], None]) -> None:
        """Call `announce` once the transaction now open has committed; never if it does not."""
        self.announcements.append(announce)

    def with_commit(self, write: "LastWord", item: Any) -> None:
        """Have `write` called once, with all items gathered for it, as the transaction's last act.

        What it locks is locked after everything else, and for no longer than the commit takes. Its
        one statement travels with the COMMIT: `write` reads no answer, but may return a function
        that does, which is called after the commit.
        """
        self.last_words.setdefault(write, []).append(item)


LastWord = Callable[[Connection, list[Any]], Callable[[], None]]


def check(conn: Connection) -> None:
    """Ping a pooled connection that has rested, or was last used before another broke.

    One in steady use costs no round trip. Raises psycopg.OperationalError when the connection is
    dead, so that the pool replaces it.
    """
    if monotonic() - conn.last_used > IDLE_BEFORE_CHECK or conn.last_used < _suspect_since:
        conn.execute("")


def suspect_all() -> None:
    """Have every pooled connection pinged before its next use: one of them was found broken."""
    global _suspect_since
    _suspect_since = monotonic()
