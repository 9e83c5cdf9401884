"""When a cron expression is due, around the nights in which clocks are changed too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.jobs import times
from lib.jobs.times import NoTime, next_after

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
# When clocks changed: the moment in UTC, and the hour on the clock that is left out or comes twice.
CHANGES = [
    (BERLIN, datetime(2026, 3, 29, 1, tzinfo=UTC), 2, "forward"),
    (NEW_YORK, datetime(2026, 3, 8, 7, tzinfo=UTC), 2, "forward"),
    (BERLIN, datetime(2026, 10, 25, 1, tzinfo=UTC), 2, "back"),
    (NEW_YORK, datetime(2026, 11, 1, 6, tzinfo=UTC), 1, "back"),
]
FORWARD = [each[:3] for each in CHANGES if each[3] == "forward"]
BACK = [each[:3] for each in CHANGES if each[3] == "back"]


def at(*parts, zone=BERLIN):
    return datetime(*parts, tzinfo=ZoneInfo(zone))


def several(cron, zone, start, count):
    """The next times, as they are found one after the other, each from the one before."""
    found = []
    for _ in range(count):
        start = next_after(cron, zone, start)
        found.append(start)
    return found


def between(cron, zone, start, end):
    found = [next_after(cron, zone, start)]
    while found[-1] < end:
        found.append(next_after(cron, zone, found[-1]))
    return found[:-1]


def test_it_goes_by_the_clock_of_its_zone():
    start = datetime(2026, 1, 15, tzinfo=UTC)
    assert next_after("0 6 * * *", BERLIN, start) == datetime(2026, 1, 15, 5, tzinfo=UTC)
    assert next_after("0 6 * * *", NEW_YORK, start) == datetime(2026, 1, 15, 11, tzinfo=UTC)
    assert next_after("0 6 * * *", "UTC", start) == datetime(2026, 1, 15, 6, tzinfo=UTC)


def test_it_is_after_the_moment_never_at_it():
    due = datetime(2026, 1, 15, 6, tzinfo=UTC)
    assert next_after("0 6 * * *", "UTC", due - timedelta(microseconds=1)) == due
    assert next_after("0 6 * * *", "UTC", due) == due + timedelta(days=1)
    assert next_after("0 6 * * *", "UTC", due + timedelta(microseconds=1)).day == 16


@pytest.mark.parametrize(("zone", "change", "hour"), FORWARD)
def test_a_time_that_the_clock_skips_comes_once_right_after_the_gap(zone, change, hour):
    found = between(
        f"30 {hour} * * *", zone, change - timedelta(hours=12), change + timedelta(hours=12)
    )
    assert len(found) == 1
    assert found[0] == change  # the first moment that there is again
    days = several(f"30 {hour} * * *", zone, change - timedelta(days=1), 4)
    clocks = [day.astimezone(ZoneInfo(zone)) for day in days]
    assert [(c.hour, c.minute) for c in clocks] == [(hour, 30), (hour + 1, 0), (hour, 30),
                                                    (hour, 30)]  # fmt: skip


@pytest.mark.parametrize(("zone", "change", "hour"), FORWARD)
def test_two_times_that_fall_together_after_the_gap_come_once(zone, change, hour):
    cron = f"0,30 {hour},{hour + 1} * * *"
    found = between(cron, zone, change - timedelta(hours=1), change + timedelta(hours=2))
    assert found == [change, change + timedelta(minutes=30)]


@pytest.mark.parametrize(("zone", "change", "hour"), BACK)
def test_a_time_that_the_clock_shows_twice_comes_the_first_time_alone(zone, change, hour):
    cron = f"30 {hour} * * *"
    found = between(cron, zone, change - timedelta(hours=12), change + timedelta(hours=12))
    assert found == [change - timedelta(minutes=30)]
    assert found[0].astimezone(ZoneInfo(zone)).hour == hour


@pytest.mark.parametrize(("zone", "change", "hour"), BACK)
def test_who_looks_in_the_second_pass_is_not_sent_back_into_the_first(zone, change, hour):
    """A worker that was down over the change would fire a second time for the same time."""
    for minutes in (0, 1, 15, 29, 30, 31, 59):
        moment = change + timedelta(minutes=minutes)
        due = next_after(f"30 {hour} * * *", zone, moment)
        assert due > moment
        assert due == change - timedelta(minutes=30) + timedelta(hours=25)
        busy = next_after(f"1-59 {hour} * * *", zone, moment)
        assert busy > change + timedelta(hours=20)


@pytest.mark.parametrize(("zone", "change", "hour", "way"), CHANGES)
def test_every_so_many_minutes_is_elapsed_time_whatever_the_clock_does(zone, change, hour, way):
    start, end = change - timedelta(hours=3), change + timedelta(hours=3)
    for cron, minutes in (("*/15 * * * *", 15), ("* * * * *", 1), ("0 * * * *", 60)):
        found = between(cron, zone, start, end + timedelta(microseconds=1))
        expected = timedelta(hours=6) / timedelta(minutes=minutes)
        assert len(found) == len(set(found)) == expected
        steps = {b - a for a, b in pairwise(found)}
        assert steps == {timedelta(minutes=minutes)}


@pytest.mark.parametrize(("zone", "change", "hour", "way"), CHANGES)
def test_any_other_time_comes_once_a_day_in_such_a_week(zone, change, hour, way):
    for other in {*range(24)} - {hour, hour + 1}:
        found = between(
            f"10 {other} * * *", zone, change - timedelta(days=3), change + timedelta(days=3)
        )
        clocks = [each.astimezone(ZoneInfo(zone)) for each in found]
        assert {(c.hour, c.minute) for c in clocks} == {(other, 10)}
        assert len({c.date() for c in clocks}) == len(clocks) in (5, 6)


def test_the_29th_of_february_comes_in_leap_years():
    found = several("0 12 29 2 *", BERLIN, datetime(2026, 1, 1, tzinfo=UTC), 3)
    assert [each.year for each in found] == [2028, 2032, 2036]
    assert next_after("0 0 29 2 *", "UTC", datetime(2096, 3, 1, tzinfo=UTC)).year == 2104


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("0 0 31 * *", (2026, 1, 31)), ("0 0 L 2 *", (2026, 2, 28)), ("0 0 * * 7", (2026, 1, 18)),
        ("0 0 * * SUN", (2026, 1, 18)), ("0 0 * feb mon#1", (2026, 2, 2)),
        ("0 0 13 * FRI", (2026, 1, 16)),  # either of the two, as cron has it
        ("0 0 1-7 * */5", (2026, 2, 1)), ("0  0\t1 1 *", (2027, 1, 1)),
    ],
)  # fmt: skip
def test_expressions_are_crons(cron, due):
    assert next_after(cron, "UTC", datetime(2026, 1, 15, tzinfo=UTC)) == datetime(*due, tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    ["", " ", "* * * *", "* * * * * *", "*/10 * * * * *", "@daily", "60 * * * *", "* 24 * * *",
     "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "-1 * * * *", "5-1 * * * *",
     "*/0 * * * *", "1.5 * * * *", "a * * * *", "* * * * MONDAY", "1,,2 * * * *", "\u0661 * * * *",
     "9" * 5000 + " * * * *", "* * * * L", "? * * * *", "H * * * *", "1#1 * * * *",
     "* * * * 1#1/2"],
)  # fmt: skip
def test_what_is_no_expression_is_refused(cron):
    with pytest.raises(NoTime):
        next_after(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "cron", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30,31 feb *", "0 0 */28 2 MON#3"]
)
def test_an_expression_that_never_comes_is_refused_and_soon(cron):
    began = perf_counter()
    with pytest.raises(NoTime):
        next_after(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    assert perf_counter() - began < 1


@pytest.mark.parametrize(
    "zone",
    ["", "Europe", "europe/berlin", "Europe/Berlin ", "../../etc/passwd", "/etc/localtime",
     "localtime", "Mars/Olympus", "UTC+1", "posix/Europe/Berlin", "Europe\0", "zones"],
)  # fmt: skip
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(NoTime):
        next_after("* * * * *", zone, datetime(2026, 1, 1, tzinfo=UTC))


def test_every_zone_there_is_can_be_used():
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert {"UTC", BERLIN, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe"} < times.zones()
    for zone in times.zones():
        assert moment < next_after("0 6 * * *", zone, moment) <= moment + timedelta(hours=25)


@given(
    st.text(alphabet="0123456789*/,-#LWMON ", max_size=30),
    st.sampled_from(["UTC", BERLIN, NEW_YORK, "Australia/Lord_Howe"]),
    st.integers(0, 5_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_a_time_after_the_moment_comes_of_it_or_a_refusal(cron, zone, moment):
    try:
        due = next_after(cron, zone, moment)
    except NoTime:
        return
    assert due > moment
    assert due.second == due.microsecond == 0
