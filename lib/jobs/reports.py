"""Reports of what happened in a workspace: jobs of the workspace as a whole, for its owners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lib.access.caller import Access
from lib.errors import Invalid, mistake
from lib.jobs import submission

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KIND = "workspace.report"
MAX_ATTEMPTS = 5
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MAX_DAYS = 366  # of one report
DEFAULT_DAYS = 30  # days back, where the caller does not say since when


def submit(
    access: Access,
    *,
    since: datetime | None,
    until: datetime | None,
    format: str,  # noqa: A002
) -> dict[str, Any]:
    """Submit a report of what happened from `since` to before `until`, and return its job.

    Raises Invalid for a time that ends before it begins, or is longer than a year.
    """
    until = until or datetime.now(UTC)
    for name, moment in (("since", since), ("until", until)):
        if moment and not EARLIEST <= moment <= LATEST:
            raise Invalid(mistake(f"/{name}", f"Give a time from {EARLIEST:%Y} to {LATEST:%Y}."))
    since = since or until - timedelta(days=DEFAULT_DAYS)
    if since >= until:
        raise Invalid(mistake("/until", "This has to be after the time that the report begins."))
    if until - since > timedelta(days=MAX_DAYS):
        raise Invalid(mistake("/since", f"A report spans {MAX_DAYS} days at most."))
    payload = _payload(since, until, format)
    return submission.submit_for_workspace(
        access, kind=KIND, payload=payload, max_attempts=MAX_ATTEMPTS
    )


def submit_scheduled(conn: Connection, schedule: dict[str, Any]) -> dict[str, Any]:
    """Submit the report that a schedule stands for: of so many days up to when it was due."""
    until, given = schedule["next_run_at"], schedule["payload"]
    payload = _payload(until - timedelta(days=given["days"]), until, given["format"])
    return submission.create_scheduled(conn, schedule, payload, MAX_ATTEMPTS)


def _payload(since: datetime, until: datetime, format: str) -> dict[str, Any]:  # noqa: A002
    return {"since": since.isoformat(), "until": until.isoformat(), "format": format}
