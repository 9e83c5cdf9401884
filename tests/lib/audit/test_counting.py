"""The parts of a time in which the log is counted: whole, and no day is in two of them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from lib.audit import counting


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", 1),
        ("2026-01-01T23:59:59+00:00", "2026-01-02T00:00:01+00:00", 2),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T12:00:01+00:00", 1),
        ("2026-01-01T00:30:00+02:00", "2026-01-01T02:00:00+02:00", 1),
        ("2025-12-31T23:00:00-05:00", "2026-01-31T12:00:00+00:00", 31),
        ("2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00", 366),
        ("2024-01-01T12:00:00+00:00", "2025-01-01T12:00:00+00:00", 367),
    ],
)
def test_a_time_is_counted_in_parts_of_a_week_that_share_no_day(since, until, days):
    since, until = at(since), at(until)
    spans = list(counting.spans(since, until))
    assert (spans[0][0], spans[-1][1]) == (since, until)
    assert all(ends == begins for (_, ends), (begins, _) in pairwise(spans))
    assert all(timedelta(0) < ends - begins <= counting.SPAN for begins, ends in spans)
    midnight = [ends.astimezone(UTC).time().isoformat() for _, ends in spans[:-1]]
    assert set(midnight) <= {"00:00:00"}
    named = counting.days(since, until)
    assert len(named) == len(set(named)) == days
    assert named == sorted(named)
    assert named[0] == since.astimezone(UTC).date().isoformat()
