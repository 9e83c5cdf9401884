"""Migrations: each applied once, by one runner at a time, whole or not at all."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from lib.stores import migrate

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def runner(database, tmp_path):
    """Start another process that migrates the database with the files of a folder."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom lib.stores import migrate\n"
        "migrate.MIGRATIONS = Path(sys.argv[1])\nprint(migrate.migrate(sys.argv[2]))"
    )
    started = []

    def start():
        argv = [sys.executable, "-c", program, str(tmp_path), database]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=10)


def under_way(url, text):
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
            " AND pid <> pg_backend_pid()",
            [f"%{text}%"],
        ).fetchone()
    return row[0] > 0


def applied(url):
    with psycopg.connect(url) as conn:
        return [name for (name,) in conn.execute("SELECT name FROM schema_migrations ORDER BY 1")]


def test_everything_is_applied_once(database):
    files = [file.stem for file in sorted(migrate.MIGRATIONS.glob("*.sql"))]
    assert migrate.migrate(database) == files
    assert migrate.migrate(database) == []
    assert applied(database) == files


def test_of_two_runners_at_once_one_applies(database):
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(migrate.migrate(database))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, results)) == [False, True]


def test_a_failing_migration_leaves_nothing_of_itself(database, tmp_path, monkeypatch):
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (n int);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (n int); SELECT nonsense;")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    with pytest.raises(psycopg.Error):
        migrate.migrate(database)
    assert applied(database) == ["0001_good"]
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE half (n int);")
    assert migrate.migrate(database) == ["0002_bad"]


def test_one_that_is_killed_midway_leaves_nothing_and_the_next_run_finishes(
    database, runner, tmp_path, monkeypatch, eventually
):
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (n int);")
    (tmp_path / "0002_slow.sql").write_text("CREATE TABLE half (n int); SELECT pg_sleep(2);")
    killed = runner()
    eventually(lambda: under_way(database, "pg_sleep(2)"), 30)
    assert applied(database) == ["0001_first"]
    killed.kill()
    killed.wait(10)
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    assert migrate.migrate(database) == ["0002_slow"]  # "half" was not there
    assert applied(database) == ["0001_first", "0002_slow"]


def test_all_of_ours_can_be_killed_at_any_point_and_run_again(
    database, runner, tmp_path, monkeypatch, eventually
):
    for file in migrate.MIGRATIONS.glob("*.sql"):  # each takes a moment longer, to be met midway
        text = file.read_text()
        if not file.name.endswith(migrate.INDEX):  # that is one statement, or it can't be
            text = f"SELECT pg_sleep(0.05);\n{text}\nSELECT pg_sleep(0.05);"
        (tmp_path / file.name).write_text(text)
    names = sorted(file.stem for file in tmp_path.glob("*.sql"))
    for count in range(1, len(names), 2):
        midway = runner()
        eventually(lambda count=count: len(ledger(database)) >= count, 30)
        midway.kill()
        midway.wait(10)
        assert ledger(database) == names[: len(ledger(database))]
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    migrate.migrate(database)
    assert applied(database) == names


def ledger(url):
    try:
        return applied(url)
    except psycopg.errors.UndefinedTable:
        return []


def test_one_does_not_queue_behind_live_traffic(database, tmp_path, monkeypatch):
    (tmp_path / "0001_table.sql").write_text("CREATE TABLE busy (n int);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    migrate.migrate(database)
    (tmp_path / "0002_change.sql").write_text("ALTER TABLE busy ADD COLUMN m int;")
    with psycopg.connect(database) as reader:
        reader.execute("SELECT * FROM busy")
        began = time.monotonic()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate.migrate(database)
        assert time.monotonic() - began < 5  # it gave up after LOCK_TIMEOUT, which is one second
    assert migrate.migrate(database) == ["0002_change"]


def test_one_that_takes_too_long_is_undone(database, tmp_path, monkeypatch):
    (tmp_path / "0001_long.sql").write_text("CREATE TABLE long (n int); SELECT pg_sleep(60);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    monkeypatch.setattr(migrate, "STATEMENT_TIMEOUT", "300ms")
    with pytest.raises(psycopg.errors.QueryCanceled):
        migrate.migrate(database)
    assert applied(database) == []


@pytest.fixture
def busy(database, tmp_path, monkeypatch):
    """A table in use, and a migration that makes an index on it."""
    (tmp_path / "0001_table.sql").write_text("CREATE TABLE busy (n int);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    migrate.migrate(database)
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS busy_n ON busy (n);"
    (tmp_path / "0002_busy.index.sql").write_text(index)
    with psycopg.connect(database) as writer:
        writer.execute("INSERT INTO busy VALUES (1)")
        yield writer


def valid(url):
    with psycopg.connect(url) as conn:
        rows = conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'busy_n'::regclass")
        return rows.fetchone()[0]


def test_an_index_is_built_while_others_write(database, runner, busy, eventually):
    building = runner()
    eventually(lambda: under_way(database, "CREATE INDEX CONCURRENTLY"), 30)
    with psycopg.connect(database) as other:
        other.execute("SET lock_timeout = '1s'")
        other.execute("INSERT INTO busy VALUES (2)")
    assert building.poll() is None  # it waits for the first writer, and nobody for it
    busy.commit()
    assert building.wait(20) == 0
    assert valid(database)
    assert applied(database)[1] == "0002_busy.index"


def test_an_index_whose_building_broke_off_is_built_anew(database, runner, busy, eventually):
    building = runner()
    eventually(lambda: under_way(database, "CREATE INDEX CONCURRENTLY"), 30)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'CREATE INDEX%' AND pid <> pg_backend_pid()"
        )
    assert building.wait(20) != 0
    busy.commit()
    assert not valid(database)
    assert migrate.migrate(database) == ["0002_busy.index"]
    assert valid(database)


def test_timeouts_are_the_databases_own_so_that_they_hold_behind_a_pooler(database):
    migrate.migrate(database)
    with psycopg.connect(database) as conn:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        shown = [conn.execute(f"SHOW {name}").fetchone()[0] for name in names]
    assert shown == ["5s", "2s", "10s"]


def test_a_missing_address_is_one_clear_sentence_and_a_failure(stack):
    ran = subprocess.run(
        [sys.executable, "-m", "lib.stores.migrate"],
        env={"JWT_SECRET": "s" * 32, "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == 1
    assert "DATABASE_URL is not set" in ran.stderr
    assert "Traceback" not in ran.stderr
