"""Ids: in the order in which they are made, and found by when."""

from datetime import UTC, datetime, timedelta

from lib.ids import first_at, made_at, new_id


def test_ids_made_later_sort_later():
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)


def test_what_is_made_from_a_moment_on_comes_after_it_and_all_before_come_before():
    before = new_id()
    moment = made_at(before) + timedelta(milliseconds=1)
    assert before < first_at(moment)
    assert first_at(moment - timedelta(milliseconds=1)) <= before
    assert made_at(first_at(moment)) == moment


def test_nothing_comes_before_the_first_moment():
    assert first_at(datetime(1, 1, 1, tzinfo=UTC)).int == 0
