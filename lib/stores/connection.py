"""The Postgres connection of this project: psycopg's, plus what follows a commit."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson
import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import set_json_loads

# Postgres writes 1e20 out in digits: read as an integer, it could not be written as JSON again.
set_json_loads(orjson.loads)

IDLE_BEFORE_CHECK = 1.0  # seconds a pooled connection may rest before it is pinged at checkout

_suspect_since = float("-inf")  # when a connection was last found broken


class Connection(psycopg.Connection[DictRow]):
    """A connection whose rows are dicts, with a list of calls to make after the commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.announcements: list[Callable[[], None]] = []
        self.last_used = monotonic()

    def after_commit(self, announce: Callable[[], None]) -> None:
        """Call `announce` once the transaction now open has committed; never if it does not."""
        self.announcements.append(announce)


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
