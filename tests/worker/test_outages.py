"""Redis emptied, down, in disorder; Postgres restarted: accepted jobs run, and are not charged."""

import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp


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


def test_a_restart_of_postgres_charges_no_attempt(
    worker, submit, ended, stack, mark, marks, eventually
):
    running = worker()
    job = submit("stubborn", seconds=3, mark=str(mark), job={"max_attempts": 1})
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
