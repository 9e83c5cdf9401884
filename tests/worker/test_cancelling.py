"""Cancelling a job that runs: it stops or is stopped, and what it still comes to is refused."""

import json
import signal
import time

import psutil
import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp


@pytest.fixture
def ask(team):
    """Ask for a job to be cancelled, as the API does."""

    def request(job):
        with postgres.connection() as conn:
            conn.execute("UPDATE jobs SET cancel_requested_at = now() WHERE id = %s", [job["id"]])

    return request


@pytest.fixture
def outcomes(team):
    """How the attempts at a job ended, oldest first."""

    def read(job):
        items = team.viewer.get(f"/jobs/{job['id']}/attempts").get_json()["items"]
        return [row["outcome"] for row in reversed(items)]

    return read


@pytest.mark.parametrize("kind", ["test.slow", "alone.slow"])
def test_a_job_that_looks_up_stops_within_two_seconds(
    worker, submit, ended, ask, outcomes, events, mark, marks, eventually, kind, team
):
    running = worker()
    job = submit(kind, seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    with redis_tcp.client().pubsub() as room:
        room.subscribe(keys.room(team.project["id"]))
        assert room.get_message(timeout=5)["type"] == "subscribe"
        asked = time.monotonic()
        ask(job)
        done = ended(job)
        assert time.monotonic() - asked < 2
        heard = json.loads(eventually(lambda: room.get_message(timeout=1))["data"])["data"]
    assert (done["state"], heard["state"]) == ("cancelled", "cancelled")
    assert marks("ended") == 0
    assert outcomes(job) == ["cancelled"]
    assert events(job) == ["job.submitted", "job.started", "job.cancelled"]
    eventually(lambda: [line["outcome"] for line in running.logged("job.ended")] == ["cancelled"])
    assert ended(submit("nothing"))["state"] == "succeeded"


def test_an_isolated_job_that_does_not_look_up_is_killed_after_the_grace(
    worker, submit, ended, ask, outcomes, mark, marks, eventually
):
    running = worker(JOB_CANCEL_GRACE="1s")
    job = submit("alone.stubborn", seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    pid = int(mark.read_text().split()[-1])
    ask(job)
    assert ended(job, 6)["state"] == "cancelled"
    assert outcomes(job) == ["cancelled"]
    eventually(lambda: not psutil.pid_exists(pid))
    assert running.process.poll() is None
    assert ended(submit("alone.nothing"))["state"] == "succeeded"


def test_what_a_deaf_job_on_a_thread_comes_to_is_refused(
    worker, submit, ended, ask, outcomes, mark, marks, eventually, events
):
    running = worker(JOB_CANCEL_GRACE="1s")
    job = submit("stubborn", seconds=5, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    ask(job)
    done = ended(job, 4)
    assert (done["state"], marks("ended")) == ("cancelled", 0)
    eventually(lambda: [line["outcome"] for line in running.logged("job.ended")] == ["lease-lost"])
    assert marks("ended") == 1
    assert ended(job) == done
    assert outcomes(job) == ["cancelled"]
    assert events(job).count("job.cancelled") == 1
    assert "job.succeeded" not in events(job)


def test_one_that_is_done_before_it_hears_of_it_has_succeeded(
    worker, submit, ended, ask, outcomes, mark, marks, eventually
):
    worker(JOB_CANCEL_GRACE="30s")
    job = submit("stubborn", seconds=1.5, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    ask(job)
    assert ended(job)["state"] == "succeeded"
    assert outcomes(job) == ["succeeded"]


def test_a_failure_after_it_is_not_tried_again(
    worker, submit, ended, ask, outcomes, mark, marks, eventually
):
    worker(JOB_CANCEL_GRACE="30s")
    job = submit("falls", seconds=1.5, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    ask(job)
    done = ended(job)
    assert (done["state"], done["error"]) == ("cancelled", "Not this time.")
    assert outcomes(job) == ["failed"]
    assert marks("began") == 1


def test_a_job_whose_worker_dies_is_not_taken_over(
    worker, submit, ended, ask, outcomes, mark, marks, eventually
):
    first = worker()
    job = submit("stubborn", seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    first.send(signal.SIGSTOP)  # it must not hear of it
    ask(job)
    first.kill()
    worker()
    assert ended(job)["state"] == "cancelled"
    assert (outcomes(job), marks("began")) == (["lost"], 1)


def test_one_that_a_stopping_worker_hands_back_is_cancelled(
    worker, submit, ended, ask, outcomes, mark, marks, eventually
):
    running = worker(WORKER_DRAIN="1s", JOB_CANCEL_GRACE="30s")
    job = submit("stubborn", seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    ask(job)
    running.send(signal.SIGTERM)
    assert running.wait(10) == 0
    assert ended(job, 1)["state"] == "cancelled"
    assert outcomes(job) == ["cancelled"]


def test_a_job_on_a_thread_past_its_time_has_timed_out(
    worker, submit, ended, outcomes, mark, marks
):
    running = worker()
    job = ended(submit("endless", mark=str(mark)))
    assert (job["state"], marks("began")) == ("failed", 2)
    assert "longer than 1 seconds" in job["error"]
    assert outcomes(job) == ["timed-out", "timed-out"]
    assert len(running.logged("job.abandoned")) == 2
