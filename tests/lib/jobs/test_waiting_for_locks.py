"""Claims and endings that find their rows locked: they wait, and lose nothing by it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from lib.errors import Unavailable
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres

BLOCKED = """
SELECT count(*) AS n FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def patiently(act):
    while True:  # who waits for a lock is refused after two seconds
        try:
            return act()
        except Unavailable:
            continue


def while_locked(job_id, change, act, eventually):
    """Begin `act` while somebody else changes the job, and return what comes of it."""
    with ThreadPoolExecutor(1) as pool, postgres.connection() as looking:
        with postgres.transaction() as conn:
            conn.execute(f"UPDATE jobs SET {change} WHERE id = %s", [job_id])  # noqa: S608
            under_way = pool.submit(patiently, act)
            eventually(lambda: looking.execute(BLOCKED).fetchone()["n"] > 0, 8)
        return under_way.result(20)


def claim(ids):
    with postgres.at_once() as conn:
        return lifecycle.claim(conn, ids, worker="w", kinds=["test.first"])


def test_a_job_that_the_sweep_touches_meanwhile_is_claimed_with_the_others(submit, eventually):
    ids = [UUID(submit()["id"]) for _ in range(3)]
    rows = while_locked(ids[1], "queued_at = now()", lambda: claim(ids), eventually)
    assert {row["id"] for row in rows} == set(ids)
    assert {row["attempt"] for row in rows} == {1}


def test_a_job_that_another_worker_takes_meanwhile_is_left_to_it(submit, eventually):
    ids = [UUID(submit()["id"]) for _ in range(3)]
    taken = "state = 'running', lease_token = gen_random_uuid(), attempt = 1"
    rows = while_locked(ids[1], taken, lambda: claim(ids), eventually)
    assert {row["id"] for row in rows} == {ids[0], ids[2]}


def test_a_job_whose_lease_is_renewed_meanwhile_ends_all_the_same(submit, eventually):
    ids = [UUID(submit()["id"]) for _ in range(3)]
    ends = [Success(Lease(r["id"], r["lease_token"]), {"n": 1}, None) for r in claim(ids)]

    def succeed():
        with postgres.at_once() as conn:
            return lifecycle.succeed(conn, ends)

    later = "lease_until = now() + interval '1 hour'"
    assert while_locked(ids[1], later, succeed, eventually) == set(ids)
    with postgres.connection() as conn:
        rows = conn.execute("SELECT state, result FROM jobs WHERE id = ANY(%s)", [ids]).fetchall()
    assert [(row["state"], row["result"]) for row in rows] == [("succeeded", {"n": 1})] * 3
