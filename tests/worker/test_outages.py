"""Redis emptied or down, Postgres restarted, MongoDB away: jobs run, uncharged, and are told of."""

import pytest

from lib.audit import queries
from lib.audit.actions import JOB_EVENTS
from lib.bridge import keys
from lib.stores import mongo, postgres, redis_tcp


def test_jobs_that_redis_forgot_run(worker, submit, ended):
    jobs = [submit("nothing") for _ in range(20)]
    assert redis_tcp.client().llen(keys.QUEUE) >= 20
    redis_tcp.client().flushall()
    assert redis_tcp.client().llen(keys.QUEUE) == 0
    worker()
    assert [ended(job)["state"] for job in jobs] == ["succeeded"] * 20


@pytest.mark.parametrize("kind", ["SET", "HSET"])
def test_a_queue_key_of_the_wrong_type_is_put_right(worker, submit, ended, kind):
    running = worker()
    redis_tcp.client().delete(keys.QUEUE)
    extra = {"SET": ["garbage"], "HSET": ["a", "b"]}[kind]
    redis_tcp.client().execute_command(kind, keys.QUEUE, *extra)
    job = submit("nothing")
    assert ended(job)["state"] == "succeeded"
    assert running.process.poll() is None


def test_unreadable_messages_are_dropped_and_the_consumer_goes_on(worker, submit, ended):
    running = worker()
    garbage = [
        b"\x80\x05K\x01.", b"", b"{}", b"[]", b"null", b"[" * 100_000, b'"text"', b"\xff\xfe",
        b"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", b'["id","unknown.task"]',
        b'["id","worker.tasks.run_job",null,0,0,null,["no id"],{}]',
        b'["id","worker.tasks.run_job",null,0,0,null,[{"$gt":""}],{}]',
        b'["id","worker.tasks.run_job",null,0,0,null,[],{}]',
        b'["id","worker.tasks.run_job","soon",0,0,null,["x"],{}]',
        b'["id","worker.tasks.run_job",null,0,0,null,7,7]',
    ]  # fmt: skip
    redis_tcp.client().lpush(keys.QUEUE, *(garbage * 5))
    assert ended(submit("nothing"))["state"] == "succeeded"
    assert running.logged("queue.unreadable")
    assert running.process.poll() is None


def test_a_job_submitted_while_redis_is_down_is_accepted_and_runs_later(
    worker, submit, ended, stack, read
):
    running = worker()
    stack.redis.stop()
    try:
        job = submit("nothing")
        assert read(job)["state"] == "queued"
    finally:
        stack.redis.start()
    assert ended(job)["state"] == "succeeded"
    assert ended(submit("nothing"))["state"] == "succeeded"
    assert running.process.poll() is None
    assert running.logged("queue.unavailable")
    assert "Traceback" not in running.text


def test_jobs_submitted_while_redis_is_emptied_goes_away_and_comes_back_all_run(
    worker, submit, ended, stack
):
    running = worker()
    jobs = [submit("nothing") for _ in range(30)]
    redis_tcp.client().flushall()
    jobs += [submit("nothing") for _ in range(30)]
    stack.redis.stop()
    try:
        jobs += [submit("nothing") for _ in range(30)]
    finally:
        stack.redis.start()
    jobs += [submit("alone.nothing") for _ in range(10)]
    redis_tcp.client().flushall()
    assert [ended(job)["state"] for job in jobs] == ["succeeded"] * 100
    assert {ended(job)["attempt"] for job in jobs} == {1}
    assert running.process.poll() is None


@pytest.mark.parametrize("kind", ["test.stubborn", "alone.stubborn"])
def test_a_restart_of_postgres_charges_no_attempt(
    worker, submit, ended, stack, mark, marks, eventually, kind
):
    running = worker()
    job = submit(kind, seconds=3, mark=str(mark), job={"max_attempts": 1})
    eventually(lambda: marks("began") == 1)
    stack.postgres.stop()
    try:
        assert marks("ended") == 0
    finally:
        stack.postgres.start()
    done = ended(job)
    assert (done["state"], done["attempt"]) == ("succeeded", 1)
    assert marks("began") == 1
    assert running.process.poll() is None


def test_terminated_backends_charge_no_attempt(worker, submit, ended, mark, marks, eventually):
    worker()
    job = submit("slow", seconds=1.5, mark=str(mark), job={"max_attempts": 1})
    eventually(lambda: marks("began") == 1)
    with postgres.connection() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    assert ended(job)["state"] == "succeeded"


def test_without_mongodb_for_a_whole_run_the_log_is_complete_and_in_order_once_it_is_back(
    worker, submit, ended, stack, eventually, team
):
    stack.mongo.stop()
    try:
        running = worker()
        jobs = [submit("transient") for _ in range(5)] + [submit("nothing") for _ in range(20)]
        assert {ended(job)["state"] for job in jobs} == {"succeeded"}
        with postgres.connection() as conn:
            assert queries.waiting(conn) >= 5 * 5 + 20 * 3
    finally:
        stack.mongo.start()
    eventually(lambda: not waiting(), 30, "the outbox was not emptied")
    with mongo.database() as database:
        wanted = {"workspace_id": team.workspace["id"]}
        found = list(database[JOB_EVENTS].find(wanted))
    found.sort(key=lambda event: event["event_id"])
    assert len({event["event_id"] for event in found}) == len(found)
    retried = ["job.submitted", "job.started", "job.retrying", "job.started", "job.succeeded"]
    for number, job in enumerate(jobs):
        told = [event["action"] for event in found if event["target_id"] == job["id"]]
        assert told == (retried if number < 5 else [*retried[:2], "job.succeeded"])
    assert running.process.poll() is None


def waiting():
    with postgres.connection() as conn:
        return queries.waiting(conn)
