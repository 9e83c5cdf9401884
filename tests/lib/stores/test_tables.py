"""Rows by column, as lists read them."""

import pytest

from lib.stores import postgres
from lib.stores.tables import NO_ROWS, Table

TABLE = Table(("id", "name", "secret"), [(1, "a", "x"), (2, "b", "y"), (3, None, "z")])


def test_a_row_is_a_dict_and_some_rows_are_a_table():
    assert TABLE[1] == {"id": 2, "name": "b", "secret": "y"}
    assert list(TABLE[1:]) == [TABLE[1], TABLE[2]]
    assert (len(TABLE), len(TABLE[:2]), len(NO_ROWS)) == (3, 2, 0)
    with pytest.raises(IndexError):
        TABLE[3]


def test_only_what_is_asked_for_and_is_there_is_picked_in_the_order_asked_for():
    picked = TABLE[:2].pick(["name", "missing", "id"])
    assert picked == [{"name": "a", "id": 1}, {"name": "b", "id": 2}]
    assert [list(row) for row in picked] == [["name", "id"]] * 2
    assert TABLE.pick(["missing"]) == [{}, {}, {}]
    assert TABLE[3:].pick(["id"]) == NO_ROWS.pick(["id"]) == []


def test_a_statement_returns_a_table(stack):
    with postgres.connection() as conn:
        found = conn.execute("SELECT n, n * n AS square FROM generate_series(1, 3) AS n ORDER BY n")
        assert found[1:].pick(["square"]) == [{"square": 4}, {"square": 9}]
        assert found.fetchone() == {"n": 1, "square": 1}
        assert len(found.fetchall()) == found.rowcount == 3
        assert conn.execute("SELECT 1 AS n WHERE false").fetchone() is None
