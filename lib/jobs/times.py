"""When a schedule is due: five cron fields, by the clock on the wall of a time zone.

As in Debian's cron (cron(8)): where hour and minute are named, a time that the clock skips comes
right after the gap, and one that it shows twice comes the first time alone. With `*` or `*/n` in
either of them it is elapsed time that counts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import islice

FIELDS = 5  # a sixth would be seconds
MAX_PAST = 200  # times of the first pass through an hour, met again in its second


class NoTime(ValueError):
    """No time comes of an expression; the message says why."""


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones, those of the IANA database that we bring along."""
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def next_after(cron: str, timezone: str, moment: datetime) -> datetime:
    """Return the first time after `moment` that an expression means, in UTC.

    Raises NoTime for what is no expression, for an unknown time zone, and when none ever comes.
    """
    from zoneinfo import ZoneInfo  # whoever reads a schedule needs neither

    from cronsim import CronSim, CronSimError

    if len(cron.split()) != FIELDS:
        raise NoTime("Give five fields: minute, hour, day of the month, month, day of the week.")
    if timezone not in zones():
        raise NoTime("There is no such time zone.")
    moment = moment.astimezone(UTC)
    try:
        times = CronSim(cron, moment.astimezone(ZoneInfo(timezone)))
    except (CronSimError, ValueError) as error:
        raise NoTime(f"No time comes of this: {str(error).lower()}.") from None
    for time in islice(times, MAX_PAST):
        # In UTC: two times of one zone are compared by what the clock shows.
        if time.astimezone(UTC) > moment:
            return time.astimezone(UTC)
    raise NoTime("This time never comes.")
