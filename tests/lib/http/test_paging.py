"""Cursors: opaque, and of one list only."""

from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError

from lib.http.app import Function
from lib.http.paging import PageQuery, cut
from lib.http.sorting import MAX_CURSOR, SortedQuery, sort_field
from lib.ids import new_id


class Query(SortedQuery):
    TEXTS = frozenset({"name"})
    sort = sort_field("name", "at", default="at")


@pytest.fixture
def request_for():
    app = Function(__name__)
    app.add_url_rule("/things/<name>", "things", lambda name: name)
    return app.test_request_context


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("name", 'größe, \u2028 "quoted" \\'),
        ("-name", ""),
        ("name", "9" * 120),
        ("name", "\U0001f389" * 120),
        ("at", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
    ],
)
def test_a_cursor_leads_back_to_the_place_where_the_page_ended(request_for, sort, value):
    row, query = {"id": new_id(), "sort_key": value}, Query()
    with request_for("/things/a"):
        cursor = query.cursors(query.load({"sort": sort}))(row)
        assert len(cursor) <= MAX_CURSOR
        place = query.load({"sort": sort, "cursor": cursor, "limit": 7})["cursor"]
    assert tuple(place) == (value, row["id"])


def test_a_cursor_of_another_thing_or_order_is_refused(request_for):
    row, query = {"id": new_id(), "sort_key": "x"}, Query()
    with request_for("/things/a"):
        cursor = query.cursors(query.load({"sort": "name"}))(row)
        for values in ({}, {"sort": "-name"}):
            with pytest.raises(ValidationError):
                query.load(values | {"cursor": cursor})
    with request_for("/things/b"), pytest.raises(ValidationError):
        query.load({"sort": "name", "cursor": cursor})


@pytest.mark.parametrize("text", ["", "x", "é", "=", "A" * MAX_CURSOR, "bnVsbA", "W10", "e30"])
def test_what_is_no_cursor_is_refused(request_for, text):
    with request_for("/things/a"), pytest.raises(ValidationError) as refused:
        Query().load({"cursor": text})
    assert list(refused.value.normalized_messages()) == ["cursor"]


def test_only_a_page_with_more_behind_it_has_a_cursor():
    rows = [{"id": n} for n in range(3)]
    assert cut(rows, 3, lambda row: str(row["id"])) == (rows, None)
    assert cut(rows, 2, lambda row: str(row["id"])) == (rows[:2], "1")


def test_the_cursor_of_an_unsorted_list_has_one_spelling_for_each_place():
    row = {"id": new_id()}
    cursor = PageQuery().cursors({})(row)
    assert PageQuery().load({"cursor": cursor})["cursor"] == row["id"]
    for text in (
        f"{cursor}==",
        f"!{cursor}",
        f"{cursor}\n",
        cursor[:-1],
        f" {cursor}",
        "",
        "é" * 22,
    ):
        with pytest.raises(ValidationError):
            PageQuery().load({"cursor": text})
