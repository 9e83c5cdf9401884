"""Workers that die, freeze, are told to stop, or lose a job: none is lost, none counts twice."""

import signal
import threading
import time
from uuid import UUID

from lib.bridge import keys, queue
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres, redis_tcp


def test_a_job_whose_worker_is_killed_ends_on_another(
    worker, submit, ended, mark, marks, eventually, events
):
    first = worker()
    job = submit("slow", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    first.kill()
    worker()
    done = ended(job)
    assert (done["state"], done["attempt"], done["result"]) == ("succeeded", 2, {"attempt": 2})
    assert (marks("began"), marks("ended")) == (2, 1)
    assert events(job) == [
        "job.submitted", "job.started", "job.retrying", "job.started", "job.succeeded",
    ]  # fmt: skip


def test_a_job_that_kills_every_worker_fails_after_its_attempts_and_its_neighbours_finish(
    worker, submit, ended, mark, marks, eventually
):
    deadly = submit("deadly", mark=str(mark))
    neighbours = [submit("nothing") for _ in range(5)]
    for attempt in (1, 2):
        running = worker()
        eventually(lambda count=attempt: marks("ran") == count, 20)
        assert running.wait() == -signal.SIGKILL
    worker()
    done = ended(deadly)
    assert (done["state"], done["attempt"]) == ("failed", 2)
    assert "worker stopped" in done["error"]
    assert {ended(job)["state"] for job in neighbours} == {"succeeded"}


def test_an_attempt_past_its_time_is_taken_over_and_the_job_fails_in_the_end(
    worker, submit, ended, mark, marks
):
    worker()
    job = ended(submit("endless", mark=str(mark)))
    assert (job["state"], job["attempt"], marks("began")) == ("failed", 2, 2)


def test_a_worker_frozen_past_its_lease_writes_nothing(
    worker, submit, ended, mark, marks, eventually, events
):
    frozen = worker()
    job = submit("stubborn", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    frozen.send(signal.SIGSTOP)
    worker()
    done = ended(job)
    assert (done["state"], done["result"]) == ("succeeded", {"attempt": 2})
    frozen.send(signal.SIGCONT)
    eventually(lambda: marks("ended") == 2, what="the frozen worker never came to its end")
    eventually(lambda: [e["outcome"] for e in frozen.logged("job.ended")] == ["lease-lost"])
    assert ended(job) == done
    assert events(job).count("job.succeeded") == 1


def test_whoever_has_an_old_token_changes_nothing(submit, read):
    job = submit("nothing")
    job_id = UUID(job["id"])
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [job_id], worker="old", kinds=["test.nothing"])
    old = Lease(job_id, row["lease_token"])
    with postgres.transaction() as conn:
        assert lifecycle.hold(conn, old)
        assert lifecycle.release(conn, [old]) == {job_id}
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [job_id], worker="new", kinds=["test.nothing"])
    before = read(job)
    with postgres.transaction() as conn:
        assert not lifecycle.hold(conn, old)
        assert not lifecycle.progress(conn, old, 50, "mine")
        assert lifecycle.renew(conn, [old]) == set()
        assert lifecycle.succeed(conn, [Success(old, {"by": "old"}, None)]) == set()
        assert lifecycle.fail(conn, old, 1, "by the old", final=True) is None
        assert lifecycle.release(conn, [old]) == set()
        assert lifecycle.claim(conn, [job_id], worker="third", kinds=["test.nothing"]) == []
    assert read(job) == before
    new = Lease(job_id, row["lease_token"])
    with postgres.transaction() as conn:
        assert lifecycle.renew(conn, [old, new]) == {job_id}
        assert lifecycle.succeed(conn, [Success(new, {"by": "new"}, None)]) == {job_id}
    assert read(job)["result"] == {"by": "new"}


def test_a_lease_held_by_a_transaction_is_renewed_around_and_not_taken(submit):
    job_id = UUID(submit("nothing")["id"])
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [job_id], worker="one", kinds=["test.nothing"])
    lease = Lease(job_id, row["lease_token"])
    with postgres.transaction() as holder:
        assert lifecycle.hold(holder, lease)
        with postgres.transaction() as conn:
            assert lifecycle.renew(conn, [lease]) == {job_id}


def test_the_same_message_many_times_is_one_run(worker, submit, ended, mark, marks, eventually):
    running = worker(WORKER_CONCURRENCY="16")
    job = submit("slow", seconds=0.2, mark=str(mark))
    pushes = [threading.Thread(target=queue.push, args=[[job["id"]] * 25]) for _ in range(4)]
    for push in pushes:
        push.start()
    assert ended(job)["state"] == "succeeded"
    eventually(lambda: redis_tcp.client().llen(keys.QUEUE) == 0)
    queue.push([job["id"]] * 10)
    assert ended(submit("nothing"))["state"] == "succeeded"
    assert (marks("began"), ended(job)["attempt"]) == (1, 1)
    assert len([e for e in running.logged("job.ended") if e["job_id"] == job["id"]]) == 1


def test_sigterm_lets_jobs_finish_and_takes_no_more(
    worker, submit, read, ended, mark, marks, eventually
):
    running = worker(WORKER_CONCURRENCY="1")
    job = submit("slow", seconds=2, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    running.send(signal.SIGTERM)
    waiting = submit("nothing")
    assert running.wait() == 0
    assert read(job)["state"] == "succeeded"
    assert (read(waiting)["state"], read(waiting)["attempt"]) == ("queued", 0)
    worker()
    assert ended(waiting)["attempt"] == 1


def test_what_does_not_finish_in_time_is_given_back_without_charge(
    worker, submit, read, ended, mark, marks, eventually, events
):
    running = worker(WORKER_DRAIN="1s")
    job = submit("stubborn", seconds=20, mark=str(mark), job={"max_attempts": 1})
    eventually(lambda: marks("began") == 1)
    running.send(signal.SIGTERM)
    assert running.wait(10) == 0
    assert (read(job)["state"], read(job)["attempt"]) == ("queued", 0)
    assert events(job)[-1] == "job.released"


def test_sigint_gives_everything_back_at_once(worker, submit, read, mark, marks, eventually):
    running = worker()
    job = submit("stubborn", seconds=20, mark=str(mark), job={"max_attempts": 1})
    eventually(lambda: marks("began") == 1)
    running.send(signal.SIGINT)
    assert running.wait(10) == 0
    assert (read(job)["state"], read(job)["attempt"]) == ("queued", 0)


def test_a_worker_without_postgres_stops_when_told(worker):
    away = worker(ready=False, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    deadline = time.monotonic() + 20
    while not away.logged("postgres.unavailable") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert away.process.poll() is None
    away.send(signal.SIGTERM)
    assert away.wait(10) == 0
