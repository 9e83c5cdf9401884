"""Quotas: how many jobs of a workspace may live at a time, and how many it may submit in a minute.

Counting is left out while it can't matter: what a process has counted it lets the workspace use up,
for a second. So a submission seldom counts, never at a round trip of its own, and several processes
together may let in a little more than the quota.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from lib.config import settings
from lib.errors import AppError
from lib.ids import first_at
from lib.jobs import quota_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from lib.stores.connection import Connection

COUNTED_FOR = 1.0  # seconds
MINUTE = timedelta(seconds=60)
MAX_REMEMBERED = 10_000  # workspaces of which a process knows how much room they have

_room: dict[UUID, tuple[int, float]] = {}  # jobs that may still come, and until when that holds


class QuotaExceeded(AppError):
    """The workspace has as many jobs as it may have; some have to end first."""

    status, type, title = 429, "quota-exceeded", "This workspace has too many jobs"
    retry_after = 10


def ask(conn: Connection, workspace_id: UUID, most: int = 1) -> Callable[[int], None]:
    """Ask for room for up to so many more jobs; what it returns is told how many were written.

    That raises QuotaExceeded, when they were too many.
    """
    if not settings().rate_limits:
        return _nothing
    room, until = _room.get(workspace_id, (0, 0.0))
    if room >= most and monotonic() < until:
        _room[workspace_id] = room - most, until
        return _nothing
    live, minute = settings().jobs_per_workspace, settings().jobs_per_minute
    since = first_at(datetime.now(UTC) - MINUTE)
    counts = quota_queries.count(conn, workspace_id, since, live=live, recent=minute)

    def hold(jobs: int) -> None:
        (counted,) = counts
        _require(counted["live"] + jobs <= live, f"At most {live} may wait or run at a time.")
        _require(counted["recent"] + jobs <= minute, f"At most {minute} may come in a minute.")
        _remember(workspace_id, min(live - counted["live"], minute - counted["recent"]) - jobs)

    return hold


def _nothing(_: int) -> None:
    pass


def _require(within: bool, detail: str) -> None:
    if not within:
        raise QuotaExceeded(detail)


def _remember(workspace_id: UUID, room: int) -> None:
    if len(_room) >= MAX_REMEMBERED:
        _room.clear()
    _room[workspace_id] = room, monotonic() + COUNTED_FOR
