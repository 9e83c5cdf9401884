"""Quotas: how many jobs of a workspace may wait at a time, and how many it may submit in a minute.

A submission seldom has to ask, and never at a round trip of its own. What waits is counted once a
second, and the more often the less room is left; of a minute's jobs, a process takes some at once,
and lets that many pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access import throttles
from lib.access.throttles import Limit
from lib.config import settings
from lib.errors import AppError
from lib.jobs import quota_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

BELIEVED_FOR = 1.0  # seconds that a process goes by what it has counted
ROOM_PART = 10  # it fills so many-th part of the room that it has found, before it counts again
RETRY_AFTER = 10  # seconds after which there may be room again
AT_ONCE = 10  # jobs of a minute's that a process takes
MAX_KNOWN = 10_000  # workspaces of which a process knows how they stand

# How many jobs of workspaces may pass, and until when; of the first, less than none: it is full.
_room: dict[UUID, tuple[int, float]] = {}
_taken: dict[UUID, tuple[int, float]] = {}


class QuotaExceeded(AppError):
    """The workspace has as many jobs as it may have."""

    status, type, title = 429, "quota-exceeded", "This workspace has too many jobs"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


def ask(conn: Connection, workspace_id: UUID) -> None:
    """Ask for room for a job, together with the next statement of the transaction.

    Raises QuotaExceeded when there is none, or has that statement raise it.
    """
    if settings().rate_limits:
        _among_the_waiting(conn, workspace_id)
        _within_the_minute(conn, workspace_id)


def _among_the_waiting(conn: Connection, workspace_id: UUID) -> None:
    most = settings().jobs_per_workspace
    left, until = _room.get(workspace_id, (0, 0.0))
    if left and monotonic() < until:
        if left < 0:
            raise _full(most)
        _room[workspace_id] = left - 1, until
        return

    def check(rows: Sequence[Row]) -> None:
        (now,) = rows
        room = most - now["waiting"]
        _make_room(_room)
        _room[workspace_id] = room // ROOM_PART if room > 0 else -1, monotonic() + BELIEVED_FOR
        if room <= 0:
            raise _full(most)

    quota_queries.count_waiting(conn, workspace_id, most, check)


def _full(most: int) -> QuotaExceeded:
    return QuotaExceeded(f"At most {most} may wait at a time.", RETRY_AFTER)


def _within_the_minute(conn: Connection, workspace_id: UUID) -> None:
    left, until = _taken.get(workspace_id, (0, 0.0))
    if left > 0 and monotonic() < until:
        _taken[workspace_id] = left - 1, until
        return
    limit = Limit("jobs", settings().jobs_per_minute, 60)
    more = min(AT_ONCE, limit.most)

    def check(rows: Sequence[Row]) -> None:
        (now,) = rows
        left = min(more, limit.most - (now["taken"] - more))
        if left <= 0:
            detail = f"At most {limit.most} may come in a minute."
            raise QuotaExceeded(detail, max(now["resets_in"], 1))
        _make_room(_taken)
        _taken[workspace_id] = left - 1, monotonic() + now["resets_in"]

    throttles.ahead(conn, limit, str(workspace_id), more, check)


def _make_room(known: dict[UUID, Any]) -> None:
    if len(known) >= MAX_KNOWN:
        known.clear()
