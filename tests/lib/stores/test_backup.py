"""A dump taken under load, restored into an empty database, is the database of that moment."""

import subprocess

import psycopg
import pytest

from lib.emulator.stores import postgres_install
from lib.files import documents
from lib.stores import migrate

SOME = 40  # requests that were answered well
TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.fixture
def moment(stack):
    """Hold on to the database as it is now; return a connection that sees it, and its name."""
    with psycopg.connect(stack.postgres.url, autocommit=True) as conn:

        def hold():
            conn.execute("SET idle_in_transaction_session_timeout = 0")
            conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return conn, conn.execute("SELECT pg_export_snapshot()").fetchone()[0]

        yield hold


def run(program, *arguments):
    path = postgres_install.programs() / program
    subprocess.run([path, *arguments], check=True, timeout=60, capture_output=True)


def tables(conn):
    rows = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in rows]


def fingerprints(conn):
    """How many rows each table has, and a hash over all of them."""
    return {
        table: conn.execute(
            f"SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} t"  # noqa: S608
        ).fetchone()
        for table in tables(conn)
    }


def texts(conn, paths):
    """The text of each of these files, made of its snapshot and its updates alone."""
    found = {}
    for file_id, snapshot, content in conn.execute(
        "SELECT id, snapshot, content FROM files WHERE path = ANY(%s)", [list(paths)]
    ):
        updates = conn.execute(
            "SELECT data FROM file_updates WHERE file_id = %s ORDER BY seq", [file_id]
        )
        found[file_id] = documents.text_at([snapshot, *(data for (data,) in updates)])
        assert found[file_id] == content
    return found


def test_a_dump_under_load_is_restored_row_by_row(
    load, moment, stack, database, tmp_path, eventually
):
    eventually(lambda: load.well() > SOME)
    acknowledged = set(load.kept)
    conn, snapshot = moment()
    before = load.well()
    dump = str(tmp_path / "dump")
    run("pg_dump", "-Fc", "-f", dump, f"--snapshot={snapshot}", "-d", stack.postgres.url)
    assert load.well() > before  # nobody waited for it
    run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "-d", database, dump)
    with psycopg.connect(database) as restored:
        assert fingerprints(restored) == fingerprints(conn)
        assert len(tables(restored)) > 10
        assert texts(restored, acknowledged) == texts(conn, acknowledged)
        paths = {path for (path,) in restored.execute("SELECT path FROM files")}
    assert len(acknowledged) > SOME / 4
    assert acknowledged <= paths


def test_a_restored_database_gets_its_timeouts_with_the_next_migration(stack, database, tmp_path):
    dump = str(tmp_path / "dump")
    run("pg_dump", "-Fc", "-f", dump, "-d", stack.postgres.url)
    run("pg_restore", "--no-owner", "--exit-on-error", "-d", database, dump)
    assert shown(database) == ["0", "0", "0"]
    assert migrate.migrate(database) == []
    assert shown(database) == ["5s", "2s", "10s"]


def shown(url):
    with psycopg.connect(url) as conn:
        return [conn.execute(f"SHOW {name}").fetchone()[0] for name in TIMEOUTS]
