"""Quotas: how many jobs of a workspace may wait at a time, and how many it may submit in a minute.

Both are meant roughly, so that a submission seldom has to ask, and never at a round trip of its
own. The waiting are counted by the sweep, every few seconds; of a minute's jobs, a process takes
some at once, and lets that many pass.
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
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Row = dict[str, Any]

COUNT_EVERY = 5.0  # seconds between two counts of what waits, in each process that sweeps
BELIEVED_FOR = 1.0  # seconds that a workspace which was not crowded counts as such
AT_ONCE = 10  # jobs of a minute's that a process takes
MAX_KNOWN = 10_000  # workspaces of which a process knows how they stand

_free: dict[UUID, float] = {}  # until when workspaces count as not crowded
_taken: dict[UUID, tuple[int, float]] = {}  # how many may pass, and until when
_count_at = 0.0


class QuotaExceeded(AppError):
    """The workspace has as many jobs as it may have."""

    status, type, title = 429, "quota-exceeded", "This workspace has too many jobs"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


def ask(conn: Connection, workspace_id: UUID) -> None:
    """Ask for room for a job, together with the next statement of the transaction.

    That raises QuotaExceeded when there is none.
    """
    if settings().rate_limits:
        _not_crowded(conn, workspace_id)
        _within_the_minute(conn, workspace_id)


def count_waiting() -> None:
    """Note which workspaces have as many waiting jobs as they may have, if it is time to."""
    global _count_at
    if not settings().rate_limits or monotonic() < _count_at:
        return
    with postgres.transaction() as conn:
        quota_queries.note_crowded(conn, settings().jobs_per_workspace)
    _count_at = monotonic() + COUNT_EVERY


def _not_crowded(conn: Connection, workspace_id: UUID) -> None:
    if monotonic() < _free.get(workspace_id, 0.0):
        return

    def check(rows: Sequence[Row]) -> None:
        if any(row["crowded"] for row in rows):
            most = settings().jobs_per_workspace
            raise QuotaExceeded(f"At most {most} may wait at a time.", int(2 * COUNT_EVERY))
        _make_room(_free)
        _free[workspace_id] = monotonic() + BELIEVED_FOR

    quota_queries.crowded(conn, workspace_id, check)


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
