"""The lean connection: what psycopg promises holds, with fewer round trips."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from lib.config import settings
from lib.stores import postgres
from lib.stores.connection import (
    ANSWER_WITHIN,
    MAX_STATEMENTS,
    PREPARE_AFTER,
    Connection,
    check,
)
from lib.stores.statements import compiled


@pytest.fixture(params=[True, False], ids=["prepares", "pooled"])
def conn(stack, request, monkeypatch):
    monkeypatch.setattr(Connection, "prepares", request.param)
    with Connection.connect(settings().database_url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE things (id integer PRIMARY KEY, name text)")
        yield connection


@pytest.fixture
def answers(conn, monkeypatch):
    """How often something was awaited of the server, whatever it was."""
    seen = []
    real = Connection._ask

    def ask(self, send):
        seen.append(send)
        return real(self, send)

    monkeypatch.setattr(Connection, "_ask", ask)
    return seen


def names(conn):
    return [row["name"] for row in conn.execute("SELECT name FROM things ORDER BY id")]


def test_values_of_every_kind_come_back_as_they_went(conn):
    sent = {
        "text": "größe \U0001f389",
        "none": None,
        "uuid": uuid4(),
        "small": 7,
        "large": 2**40,
        "number": 1.5,
        "yes": True,
        "bytes": b"\0\xff",
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "many": ["a", "b"],
    }
    query = "SELECT " + ", ".join(f"%({name})s AS {name}" for name in sent)
    query = query.replace("%(many)s", "%(many)s::text[]")
    for _ in range(PREPARE_AFTER + 2):
        assert conn.execute(query, sent).fetchone() == sent


def test_enums_and_json_are_text_and_values(conn):
    row = conn.execute("""SELECT 'owner'::role AS role, '{"a": [1]}'::jsonb AS json""").fetchone()
    assert row == {"role": "owner", "json": {"a": [1]}}


def test_a_name_that_stands_twice_is_one_parameter_and_two_percent_signs_are_one():
    assert compiled("%(a)s %(b)s %(a)s %%").text == b"$1 $2 $1 %"
    assert compiled("%(a)s %(b)s %(a)s").names == ("a", "b")
    assert compiled("%s %s") == (b"$1 $2", ())


def test_the_same_text_with_values_of_other_types_works(conn):
    for value in [1, 2**40, "x", 1, 2**40, "x", 1, 2**40, "x"]:
        assert conn.execute("SELECT %s AS value", [value]).fetchone() == {"value": value}


def test_a_statement_is_prepared_after_some_uses_and_only_where_that_is_allowed(conn):
    for _ in range(PREPARE_AFTER + 1):
        conn.execute("SELECT %s AS one", [1])
    row = conn.execute(
        "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = 'SELECT $1 AS one'"
    ).fetchone()
    assert row["n"] == (1 if conn.prepares else 0)


def test_a_connection_forgets_statements_instead_of_keeping_ever_more(conn):
    for number in range(MAX_STATEMENTS + 10):
        conn.execute(f"SELECT {number} AS n")
    assert len(conn._statements) <= MAX_STATEMENTS
    assert conn.execute("SELECT %s AS one", [1]).fetchone() == {"one": 1}


def test_how_many_rows_were_changed_is_known(conn):
    assert conn.execute("INSERT INTO things VALUES (1, 'a'), (2, 'b')").rowcount == 2
    assert conn.execute("DELETE FROM things WHERE id > 5").rowcount == 0


def test_errors_are_psycopgs_with_the_constraint_and_the_connection_goes_on(conn):
    conn.execute("INSERT INTO things VALUES (1, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation) as error:
        conn.execute("INSERT INTO things VALUES (%s, 'b')", [1])
    assert error.value.diag.constraint_name == "things_pkey"
    assert names(conn) == ["a"]


def test_beginning_and_committing_cost_no_round_trips_of_their_own(conn, answers):
    conn.begin()
    conn.execute("INSERT INTO things VALUES (1, 'a')")
    conn.put_off("INSERT INTO things VALUES (%s, %s)", [2, "b"])
    conn.end()
    assert len(answers) == 2  # the first with BEGIN, the second with COMMIT
    assert names(conn) == ["a", "b"]


def test_what_was_put_off_is_seen_by_the_next_statement(conn):
    conn.begin()
    conn.put_off("INSERT INTO things VALUES (%s, %s)", [1, "a"])
    assert names(conn) == ["a"]
    conn.end()


def test_what_is_put_off_outside_a_transaction_happens_now(conn):
    conn.put_off("INSERT INTO things VALUES (%s, %s)", [1, "a"])
    with Connection.connect(settings().database_url, autocommit=True):
        assert conn.execute("SELECT name FROM things").fetchone() == {"name": "a"}


def test_a_transaction_without_a_statement_asks_the_server_nothing(conn, answers):
    conn.begin()
    conn.end()
    conn.begin()
    conn.abandon()
    assert answers == []
    assert names(conn) == []


def test_what_is_abandoned_leaves_nothing(conn):
    conn.begin()
    conn.execute("INSERT INTO things VALUES (1, 'a')")
    conn.put_off("INSERT INTO things VALUES (%s, %s)", [2, "b"])
    conn.abandon()
    assert names(conn) == []


@pytest.mark.parametrize("put_off", [True, False])
def test_a_failure_takes_the_whole_transaction_back(conn, put_off):
    conn.execute("INSERT INTO things VALUES (1, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        fail_in_transaction(conn, put_off)
    conn.abandon()
    assert names(conn) == ["a"]


def fail_in_transaction(conn, put_off):
    conn.begin()
    conn.execute("INSERT INTO things VALUES (2, 'b')")
    (conn.put_off if put_off else conn.execute)("INSERT INTO things VALUES (%s, 'c')", [1])
    conn.end()


def test_committing_what_has_failed_is_no_success(conn):
    conn.begin()
    with pytest.raises(psycopg.errors.UndefinedTable):
        conn.execute("SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        conn.end()
    assert names(conn) == []


def test_an_error_in_the_view_of_a_transaction_leaves_a_connection_fit_for_the_next(stack):
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero), postgres.transaction() as conn:
            conn.execute("SELECT 1 / %s::integer AS x", [0])
    with postgres.transaction() as conn:
        assert conn.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def test_last_words_are_written_once_at_the_end_and_read_after_the_commit(conn, answers):
    told = []

    def write(conn, items):
        later = conn.put_off("INSERT INTO things VALUES (%s, %s) RETURNING id", [1, str(items)])
        return lambda: told.append([row["id"] for row in later])

    conn.begin()
    conn.with_commit(write, "a")
    conn.execute("SELECT 1 AS x")
    conn.with_commit(write, "b")
    conn.end()
    assert (told, names(conn)) == ([[1]], ["['a', 'b']"])
    assert len(answers) == 3


def test_a_check_of_what_was_put_off_fails_before_anything_is_committed(conn):
    def refuse(rows):
        assert list(rows) == [{"one": 1}]
        raise LookupError

    conn.begin()
    conn.put_off("SELECT %s AS one", [1], refuse)
    with pytest.raises(LookupError):
        conn.execute("INSERT INTO things VALUES (1, 'a')")
    conn.abandon()
    conn.begin()
    conn.put_off("INSERT INTO things VALUES (2, 'b')", [])
    conn.put_off("SELECT %s AS one", [1], refuse)
    with pytest.raises(LookupError):
        conn.end()
    conn.abandon()
    assert names(conn) == []


def test_a_transaction_that_takes_its_time_is_waited_for(conn):
    conn.patience = 0.2
    conn.begin()
    conn.take_time(3)
    conn.execute("SELECT pg_sleep(%s)", [0.5])
    conn.end()
    assert conn.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def test_the_next_borrower_is_as_impatient_as_ever(conn):
    conn.begin()
    conn.take_time(20)
    conn.end()
    assert conn.patience > 20
    check(conn)
    assert conn.patience == ANSWER_WITHIN


def test_what_is_sent_together_is_waited_for_once_and_not_for_ever(conn):
    conn.patience = 0.3
    conn.begin()
    conn.put_off("SELECT pg_sleep(%s)", [5])
    with pytest.raises(psycopg.OperationalError, match="in time"):
        conn.execute("SELECT 1")
    assert conn.closed
