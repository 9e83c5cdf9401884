"""The sweep on rows alone, without a worker: what it takes, and what it leaves alone."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.bridge import keys, queue
from lib.config import settings
from lib.jobs import lifecycle, sweep, sweep_queries
from lib.stores import postgres, redis_tcp

KIND = "test.swept"


@pytest.fixture
def make(team):
    """Make jobs, in this state; the queue and everybody else's jobs are out of the way."""
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state < 'succeeded'"
        )
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES (%s, 'Swept', '{}', 2) ON CONFLICT DO NOTHING",
            [KIND],
        )
    redis_tcp.client().delete(*keys.QUEUES.values())

    def jobs(count, changes=""):
        path = f"/projects/{team.project['id']}/jobs"
        ids = [team.owner.post(path, {"kind": KIND}).get_json()["id"] for _ in range(count)]
        redis_tcp.client().delete(keys.QUEUE)
        if changes:
            with postgres.connection() as conn:
                conn.execute(f"UPDATE jobs SET {changes} WHERE id = ANY(%s)", [ids])  # noqa: S608
        return ids

    yield jobs
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state < 'succeeded'"
        )


def states(ids):
    with postgres.connection() as conn:
        rows = conn.execute("SELECT state, attempt FROM jobs WHERE id = ANY(%s)", [ids]).fetchall()
    return {(row["state"], row["attempt"]) for row in rows}


def queued():
    return redis_tcp.client().lrange(keys.QUEUE, 0, -1)


LONG_AGO = "queued_at = now() - interval '1 hour', run_at = now() - interval '2 hours'"
STALLED = "state = 'running', lease_token = gen_random_uuid(), lease_until = now() - interval '1s'"


@pytest.fixture
def postgres_is_old(stack, eventually, monkeypatch):
    """Postgres has been up for longer than a lease, which is short here."""
    monkeypatch.setenv("JOB_LEASE", "1s")
    settings.cache_clear()
    query = "SELECT now() - pg_postmaster_start_time() > interval '1s' AS old"

    def is_old():
        with postgres.connection() as conn:
            return conn.execute(query).fetchone()["old"]

    eventually(is_old)
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_jobs_lost_by_redis_are_queued_again_and_only_once(make):
    ids = make(3, LONG_AGO)
    assert sweep.sweep() == {"retaken": 0, "failed": 0, "due": 0, "lost": 3}
    assert len(queued()) == 3
    assert all(any(i in message for message in queued()) for i in ids)
    assert sweep.sweep() == sweep.NOTHING


def test_a_long_queue_is_not_a_lost_one(make):
    queue.push(make(4, LONG_AGO))
    assert sweep.sweep() == sweep.NOTHING
    redis_tcp.client().rpop(keys.QUEUE)
    assert sweep.sweep()["lost"] == 1
    assert len(queued()) == 4


def test_jobs_queued_a_moment_ago_are_given_time(make):
    make(2)
    assert sweep.sweep() == sweep.NOTHING


def test_jobs_whose_time_has_come_are_queued(make):
    retry = "state = 'retrying', attempt = 1, "
    make(2, retry + "queued_at = now() - interval '9s', run_at = now() - interval '1s'")
    make(1, retry + "queued_at = now(), run_at = now() + interval '1 hour'")
    assert sweep.sweep()["due"] == 2
    assert len(queued()) == 2
    assert sweep.sweep() == sweep.NOTHING


def test_many_jobs_with_one_time_are_queued_together(make, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 4)
    make(10, "queued_at = now() - interval '9s', run_at = now() - interval '1s'")
    assert sweep.sweep()["due"] == 10
    assert len(queued()) == 10


def test_stalled_jobs_are_taken_over_or_failed_when_attempts_are_used_up(make, postgres_is_old):
    again = make(2, STALLED + ", attempt = 1")
    over = make(1, STALLED + ", attempt = 2")
    live = make(1, STALLED.replace("- interval", "+ interval") + ", attempt = 1")
    done = sweep.sweep()
    assert (done["retaken"], done["failed"]) == (2, 1)
    assert (states(again), states(over)) == ({("retrying", 1)}, {("failed", 2)})
    assert states(live) == {("running", 1)}
    assert len(queued()) == 2
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event->>'action' AS action FROM audit_outbox"
            " WHERE event->>'target_id' = ANY(%s) AND event->>'action' <> 'job.submitted'",
            [again + over],
        ).fetchall()
    assert sorted(row["action"] for row in rows) == ["job.failed", "job.retrying", "job.retrying"]


def test_two_sweeps_at_once_take_each_job_once(make, postgres_is_old):
    ids = make(20, STALLED + ", attempt = 1")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: sweep.sweep(), range(4)))
    assert sum(each["retaken"] for each in done) == 20
    assert states(ids) == {("retrying", 1)}
    assert len(queued()) == 20


def test_the_dead_are_rescued_among_a_thousand_that_live(make, postgres_is_old):
    make(1)
    live = """
        INSERT INTO jobs SELECT (jsonb_populate_record(j, jsonb_build_object(
            'id', gen_random_uuid(), 'state', 'running', 'lease_token', gen_random_uuid(),
            'lease_until', now() + interval '1 hour'))).* FROM jobs j, generate_series(1, 1000)
        WHERE j.kind = %s AND j.state = 'queued'
    """
    with postgres.connection() as conn:
        conn.execute(live, [KIND])
    dead = make(10, STALLED + ", attempt = 1")
    assert sweep.sweep()["retaken"] == 10
    assert states(dead) == {("retrying", 1)}


def test_stalled_jobs_are_found_part_by_part_where_many_wait(make, postgres_is_old, monkeypatch):
    monkeypatch.setattr(sweep, "_place", sweep_queries.FIRST)
    monkeypatch.setattr(sweep, "LOOKED_THROUGH", 4)
    monkeypatch.setattr(sweep, "BATCH", 2)
    at = ", run_at = now() - interval '1 hour'"
    waiting = make(5, "run_at = now() - interval '2 hours', queued_at = now()")
    dead = make(7, STALLED + at + ", attempt = 1")
    done = [sweep.sweep()["retaken"] for _ in range(4)]
    assert sum(done) == 7
    assert max(done) <= 4
    assert (states(waiting), states(dead)) == ({("queued", 0)}, {("retrying", 1)})


def test_what_has_been_due_for_longest_is_looked_at_each_time(make, postgres_is_old, monkeypatch):
    monkeypatch.setattr(sweep, "_place", sweep_queries.FIRST)
    monkeypatch.setattr(sweep, "LOOKED_THROUGH", 4)
    make(20, "run_at = now() - interval '1 hour', queued_at = now()")
    for _ in range(2):
        assert sweep.sweep()["retaken"] == 0
        make(1, STALLED + ", run_at = now() - interval '2 hours', attempt = 1")
        assert sweep.sweep()["retaken"] == 1


def test_workers_get_a_lease_of_time_after_a_restart_of_postgres(make, stack):
    make(1, STALLED + ", attempt = 1")
    stack.postgres.stop()
    stack.postgres.start()
    postgres.close()
    assert sweep.sweep()["retaken"] == 0


def test_whoever_takes_a_job_or_renews_its_lease_writes_to_no_index(stack):
    written = {"state", "attempt", "worker", "lease_token", "lease_until", "progress"}
    written |= {"progress_message", "started_at", "attempt_started_at", "queued_at"}
    with postgres.connection() as conn:
        rows = conn.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'jobs'").fetchall()
    indexes = [row["indexdef"] for row in rows]
    assert any("finished_at" in index for index in indexes)
    assert [i for i in indexes if written & set(re.findall(r"\w+", i))] == []


def test_a_claim_takes_only_what_is_due_and_of_a_known_kind(make):
    waiting, later = make(1), make(1, "run_at = now() + interval '1 hour'")
    with postgres.transaction() as conn:
        everything = [*waiting, *later]
        assert lifecycle.claim(conn, everything, worker="w", kinds=["test.other"]) == []
        rows = lifecycle.claim(conn, everything, worker="w", kinds=["test.other", KIND])
    assert [str(row["id"]) for row in rows] == waiting
    assert rows[0]["attempt"] == 1
