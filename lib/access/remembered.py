"""Look-ups remembered: a write begins with what the last one found, while it is found again.

The look-up itself is as always, with its locks, in the write's own transaction; only nobody waits
for its answer before the next statement is sent. When the answer differs from what was remembered,
or anything else comes up before it is there, the transaction is rolled back and the write begins
anew, by an ordinary look-up. So nothing is ever allowed, refused or shown by memory alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from lib.access.tokens import Claims

Row = dict[str, Any]
Key = tuple[object, ...]

MAX_REMEMBERED = 1000  # look-ups that a process keeps, of a few hundred bytes each
SCOPES = frozenset({"account", "workspace", "project"})  # whose rows are small and change seldom
CLOCKS_APART = 1.0  # seconds that the end of a session may seem to have moved

_found: dict[Key, tuple[Row, float]] = {}  # in the order of their last use, with their time
_guard = Lock()


class Outdated(Exception):
    """What was remembered is not so any more."""


class Memory:
    """What a look-up found the last time, until it is `confirmed` by the same look-up now."""

    def __init__(self, key: Key, row: Row) -> None:
        self.row = row
        self.confirmed = False
        self._key = key

    def confirm(self, rows: Sequence[Row]) -> None:
        """Compare with what is found now; raises Outdated."""
        if not rows or not _alike(rows[0], self.row):
            raise Outdated
        self.confirmed = True

    def forget(self) -> None:
        """Remember it no longer."""
        with _guard:
            _found.pop(self._key, None)


def recall(scope: str, claims: Claims, target_id: UUID | None) -> Memory | None:
    """Return what this caller's last look-up for a write of this thing found, if it is known."""
    key = _key(scope, claims, target_id)
    with _guard:
        row, at = _found.pop(key, (None, 0.0))
        if row is None:
            return None
        _found[key] = row, at
    ends_in = row["ends_in"]
    return Memory(key, row | {"ends_in": ends_in and ends_in - (monotonic() - at)})


def keep(scope: str, claims: Claims, target_id: UUID | None, row: Row) -> None:
    """Remember what a look-up for a write has found."""
    if scope not in SCOPES or row["unnoted"]:  # to be noted is so once in a while
        return
    with _guard:
        _found[_key(scope, claims, target_id)] = dict(row), monotonic()
        while len(_found) > MAX_REMEMBERED:
            del _found[next(iter(_found))]


def _key(scope: str, claims: Claims, target_id: UUID | None) -> Key:
    return scope, claims.session_id, claims.token_id, claims.token_digest, target_id


def _alike(found: Row, remembered: Row) -> bool:
    ends_in, expected = found["ends_in"], remembered["ends_in"]
    if ends_in is None or expected is None:
        return found == remembered
    return abs(ends_in - expected) < CLOCKS_APART and found | {"ends_in": expected} == remembered
