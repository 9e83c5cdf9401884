"""Taking several messages at once: only while jobs are short, and never at another job's cost."""

import signal
from uuid import UUID

from lib.jobs import lifecycle
from lib.stores import postgres
from worker.pace import MOST, Pace


def test_one_message_at_a_time_until_jobs_are_known_to_be_short():
    pace = Pace(4)
    assert pace.ahead() == 1
    for _ in range(100):
        pace.took(0.0001)
    assert pace.ahead() == MOST
    for _ in range(100):
        pace.took(0.01)
    assert 8 < pace.ahead() < 20
    pace.took(30)
    assert pace.ahead() == 1


def test_jobs_taken_ahead_of_a_slow_one_go_to_another_worker_uncharged(
    worker, submit, ended, eventually, mark, marks
):
    first = worker(WORKER_CONCURRENCY="1")
    for job in [submit("nothing") for _ in range(60)]:
        ended(job)
    first.send(signal.SIGSTOP)
    slow = submit("slow", seconds=6, mark=str(mark))
    behind = [submit("nothing") for _ in range(10)]
    first.send(signal.SIGCONT)
    eventually(lambda: marks("began") == 1)
    worker(JOB_LOST_AFTER="1h")
    done = [ended(job, within=5) for job in behind]
    assert marks("ended") == 0, "the slow job was to be still at work"
    assert {(job["state"], job["attempt"]) for job in done} == {("succeeded", 1)}
    assert ended(slow)["attempt"] == 1


def test_of_several_at_once_none_is_claimed_for_its_last_attempt(submit):
    last, more = submit("nothing", job={"max_attempts": 1}), submit("nothing")
    ids = [UUID(last["id"]), UUID(more["id"])]
    with postgres.transaction() as conn:
        rows = lifecycle.claim(conn, ids, worker="w", kinds=["test.nothing"], spare=True)
        assert [row["id"] for row in rows] == ids[1:]
        rows = lifecycle.claim(conn, ids[:1], worker="w", kinds=["test.nothing"])
        assert [row["id"] for row in rows] == ids[:1]


def test_a_mixture_of_last_attempts_and_others_all_run(worker, submit, ended, mark, marks):
    jobs = [submit("nothing", mark=str(mark), job={"max_attempts": 1 + n % 2}) for n in range(80)]
    worker()
    assert {(ended(job)["state"], ended(job)["attempt"]) for job in jobs} == {("succeeded", 1)}
    assert marks("ran") == 80
