"""A ledger of jobs through one accident after another: none lost, none ends twice."""

import random

from lib.audit import delivery, queries
from lib.audit.actions import JOB_EVENTS
from lib.stores import mongo, postgres, redis_tcp

JOBS = 150
ACCIDENTS = 6


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
