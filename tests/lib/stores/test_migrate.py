"""Migrations: each applied once, by one runner at a time, whole or not at all."""

import subprocess
import sys
import threading
from uuid import uuid4

import psycopg
import pytest

from lib.stores import migrate


@pytest.fixture
def database(stack):
    """The address of an empty database."""
    name = f"migrate_{uuid4().hex[:12]}"
    with psycopg.connect(stack.postgres.url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        base, _, _ = stack.postgres.url.rpartition("/")
        yield f"{base}/{name}"
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


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
