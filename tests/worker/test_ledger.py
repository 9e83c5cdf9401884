"""A ledger of jobs through one accident after another: none lost, none ends twice."""

import random
import signal
import threading
import time

import pytest

from lib.audit import delivery, queries
from lib.audit.actions import JOB_EVENTS
from lib.stores import mongo, postgres, redis_tcp

JOBS = 150
ACCIDENTS = 6
MANY = 1000  # jobs that are submitted while workers are killed
KILLS = 10
FREEZES = 2
KILL_EVERY = 1.2  # seconds, about


def test_every_accepted_job_ends_once_through_kills_and_flushes(
    worker, submit, ended, eventually, read, team
):
    accidents = random.Random(7)
    jobs = [submit("tireless", seconds=0.05) for _ in range(JOBS)]
    for number in range(ACCIDENTS):
        running = worker()
        over = sum(read(job)["state"] == "succeeded" for job in jobs)
        more = min(JOBS, over + accidents.randint(3, 20))

        def enough(more=more):
            with postgres.connection() as conn:
                query = "SELECT count(*) AS n FROM jobs WHERE id = ANY(%s) AND state = 'succeeded'"
                return conn.execute(query, [[j["id"] for j in jobs]]).fetchone()["n"] >= more

        eventually(enough, 30)
        running.kill()
        if number % 2:
            redis_tcp.client().flushall()
    worker()
    assert {ended(job, 60)["state"] for job in jobs} == {"succeeded"}
    with postgres.connection() as conn:
        while queries.waiting(conn):
            delivery.move()
    with mongo.database() as database:
        wanted = {"workspace_id": team.workspace["id"], "action": "job.succeeded"}
        told = [event["target_id"] for event in database[JOB_EVENTS].find(wanted)]
    assert sorted(told) == sorted(job["id"] for job in jobs)


@pytest.fixture
def effects(stack):
    """The table into which jobs write, under their leases."""
    with postgres.connection() as conn:
        conn.execute("DROP TABLE IF EXISTS test_effects")
        conn.execute("CREATE TABLE test_effects (job_id uuid, attempt integer, at timestamptz)")
    yield
    with postgres.connection() as conn:
        conn.execute("DROP TABLE test_effects")


@pytest.fixture
def submissions(announced, team):
    """Submit many jobs in the background, some isolated; two people, as each has a limit."""
    ids: list[str] = []

    def run() -> None:
        for number in range(MANY):
            kind = "alone.effect" if number % 10 == 0 else "test.effect"
            body = {"kind": kind, "payload": {"seconds": 0.002}}
            person = (team.owner, team.collaborator)[number % 2]
            ids.append(person.post(f"/projects/{team.project['id']}/jobs", body).get_json()["id"])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield ids, thread
    thread.join(60)


def test_a_thousand_jobs_end_once_though_workers_are_killed_and_frozen_meanwhile(
    worker, submissions, effects, eventually
):
    accidents, (ids, thread) = random.Random(11), submissions
    workers = [worker(), worker()]
    for number in range(KILLS + FREEZES):
        time.sleep(KILL_EVERY * accidents.uniform(0.3, 1))  # an accident comes when it comes
        victim = workers.pop(0)
        if number % 6 == 5:
            victim.send(signal.SIGSTOP)  # its jobs are taken over, and then it goes on
            frozen, _ = victim, workers.append(worker(ready=False))
            time.sleep(2.5)
            frozen.send(signal.SIGCONT)
        else:
            victim.kill()
            workers.append(worker(ready=False))
    thread.join(60)
    assert len(ids) == MANY
    eventually(lambda: count(ids, "state = 'succeeded'") == MANY, 40, "not all jobs ended well")
    with postgres.connection() as conn:
        twice = conn.execute(
            "SELECT job_id FROM ended_attempts WHERE job_id = ANY(%s) AND outcome = 'succeeded'"
            " GROUP BY job_id HAVING count(*) <> 1",
            [ids],
        ).fetchall()
        lost = conn.execute(
            "SELECT count(*) AS n FROM job_attempts WHERE job_id = ANY(%s) AND outcome = 'lost'",
            [ids],
        ).fetchone()["n"]
        late = conn.execute(
            "SELECT e.job_id FROM test_effects e JOIN ended_attempts a USING (job_id, attempt)"
            " WHERE e.job_id = ANY(%s) AND e.at > a.finished_at",
            [ids],
        ).fetchall()
        without = conn.execute(
            "SELECT id FROM unnest(%s::uuid[]) AS given (id)"
            " WHERE NOT EXISTS (SELECT FROM test_effects WHERE job_id = id)",
            [ids],
        ).fetchall()
    assert lost > 0, "no accident hit a job"
    assert (twice, late, without) == ([], [], [])
    assert told_twice(ids) == []


def count(ids, condition):
    """Count the jobs of which `condition` is true."""
    query = f"SELECT count(*) AS n FROM jobs WHERE id = ANY(%s) AND {condition}"  # noqa: S608
    with postgres.connection() as conn:
        return conn.execute(query, [ids]).fetchone()["n"]


def told_twice(ids):
    """Return the jobs whose success the audit log tells other than once."""
    with postgres.connection() as conn:
        while queries.waiting(conn):
            delivery.move()
    with mongo.database() as database:
        wanted = {"target_id": {"$in": ids}, "action": "job.succeeded"}
        told = [event["target_id"] for event in database[JOB_EVENTS].find(wanted)]
    assert set(told) == set(ids)
    return [job_id for job_id in set(told) if told.count(job_id) != 1]
