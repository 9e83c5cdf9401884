"""`workspace.report`: who did what in a workspace how often, day by day, as data and as a chart."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from lib.audit import counting
from lib.audit.counting import Count
from lib.errors import Unavailable
from lib.ids import new_id
from lib.jobs import reports
from lib.jobs.report_schemas import FORMATS, ReportIn
from lib.workspaces import workspaces
from worker import charts
from worker.context import Context
from worker.kinds import PermanentFailure, job_kind

MAX_COUNTS = 100_000  # of one report: so many lines fit into memory, and into a spreadsheet
MOVED_WITHIN = 60.0  # seconds until what has just happened has to be in the log
PAUSE = 0.1  # seconds between two looks at that
MAX_SERIES = 8  # in the chart: beyond that, the rest is one
REST = "other"
# What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("day", "actor_id", "actor_name", "action", "events")


@dataclass
class Report:
    """What was counted, and for which workspace and time."""

    workspace: dict[str, Any]
    since: datetime
    until: datetime
    days: list[str] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)

    def total(self, of: Callable[[Count], Any]) -> Counter[Any]:
        """Return how many events there were of each sort that `of` tells apart."""
        totals: Counter[Any] = Counter()
        for count in self.counts:
            totals[of(count)] += count.events
        return totals


@job_kind(
    reports.KIND,
    title="Report what happened in a workspace",
    payload=ReportIn,
    max_attempts=reports.MAX_ATTEMPTS,
    timeout=600,
    internal=True,
)
def report(job: Context) -> dict[str, Any]:
    """Count the log, which is only read: the same report again counts the same events."""
    with job.conn() as conn:
        workspace = workspaces.by_id(conn, job.workspace_id) or {}
    _complete(job)
    counted = Report(workspace, job.payload["since"], job.payload["until"])
    _count(job, counted)
    ending = job.payload["format"]
    name = f"activity-{counted.since:%Y%m%d}-{counted.until:%Y%m%d}"
    job.artifact(f"{name}.{ending}", MEDIA_TYPES[ending], _made(counted, ending, name))
    return {
        "events": sum(count.events for count in counted.counts),
        "days": len(counted.days),
        "actors": len({count.actor_id for count in counted.counts}),
        "actions": len({count.action for count in counted.counts}),
    }


def _complete(job: Context) -> None:
    """Wait until all that has happened up to now is in the log."""
    now, ends = new_id(), monotonic() + MOVED_WITHIN
    while not counting.delivered(now):
        job.check()
        if monotonic() > ends:
            raise Unavailable("The log does not hold yet what has just happened.")
        time.sleep(PAUSE)


def _count(job: Context, counted: Report) -> None:
    spans = list(counting.spans(counted.since, counted.until))
    for number, (begins, ends) in enumerate(spans):
        counted.counts += counting.of_span(job.workspace_id, begins, ends)
        if len(counted.counts) > MAX_COUNTS:
            raise PermanentFailure("This is too much for one report: choose a shorter time.")
        job.progress(99 * (number + 1) / len(spans), f"up to {ends:%Y-%m-%d}")
    # An event in the last moment may bear the next day's date.
    days = {count.day for count in counted.counts}
    counted.days = sorted(days.union(counting.days(counted.since, counted.until)))


def as_json(counted: Report) -> bytes:
    """Return totals by day, person and action, and all counts."""
    by_day, names = counted.total(lambda count: count.day), _names(counted)
    by_actor = counted.total(lambda count: count.actor_id).most_common()
    by_action = counted.total(lambda count: count.action).most_common()
    document = {
        "workspace": {"id": str(counted.workspace["id"]), "name": counted.workspace["name"]},
        "since": counted.since.isoformat(),
        "until": counted.until.isoformat(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by_day": [{"day": day, "events": by_day[day]} for day in counted.days],
        "by_actor": [{"id": i, "name": names[i], "events": n} for i, n in by_actor],
        "by_action": [{"action": action, "events": n} for action, n in by_action],
        "counts": [asdict(count) for count in counted.counts],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def as_csv(counted: Report) -> bytes:
    """Return one line for each count; no name in it is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for count in counted.counts:
        lines.writerow([_defused(getattr(count, column)) for column in COLUMNS])
    return text.getvalue().encode()


def as_svg(counted: Report) -> bytes:
    """Return a chart of the events of each day, by what they were done to."""
    totals = counted.total(_category)
    series = [name for name, _ in totals.most_common()]
    if len(series) > MAX_SERIES:
        series = [*series[: MAX_SERIES - 1], REST]
    by_day: dict[str, Counter[str]] = {day: Counter() for day in counted.days}
    for count in counted.counts:
        name = _category(count)
        by_day[count.day][name if name in series else REST] += count.events
    title = f"Activity in {counted.workspace['name']}"
    return charts.stacked_bars(title, _in_words(counted, totals), series, list(by_day.items()))


MAKERS = {"json": as_json, "csv": as_csv, "svg": as_svg}
MEDIA_TYPES = {
    "zip": "application/zip",
    "json": "application/json",
    "csv": "text/csv",
    "svg": "image/svg+xml",
}


def _made(counted: Report, ending: str, name: str) -> bytes:
    if ending in MAKERS:
        return MAKERS[ending](counted)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for each in FORMATS:
            if each in MAKERS:
                zipped.writestr(f"{name}.{each}", MAKERS[each](counted))
    return archive.getvalue()


def _names(counted: Report) -> dict[str | None, str | None]:
    """Return what everybody was called last."""
    return {count.actor_id: count.actor_name for count in counted.counts}


def _category(count: Count) -> str:
    return count.action.partition(".")[0]


def _in_words(counted: Report, totals: Counter[str]) -> str:
    parts: Sequence[str] = [f"{name} {events:,}" for name, events in totals.most_common()]
    days = f"{counted.since:%Y-%m-%d} to {counted.until:%Y-%m-%d}"
    return f"Events by day, {days}: {', '.join(parts) or 'none'}."


def _defused(value: Any) -> Any:
    is_formula = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if is_formula else value
