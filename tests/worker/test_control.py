"""What people do with jobs, as a real worker takes it: priorities, times, pauses, retries."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.bridge import keys
from lib.jobs.schemas import PRIORITIES
from lib.stores import redis_tcp

SOON = 1.5  # seconds after its time in which a job has begun, on a busy machine


@pytest.fixture(autouse=True)
def empty_queue(stack):
    redis_tcp.client().delete(*keys.QUEUES.values())


@pytest.fixture
def paused(team):
    def pause(*kinds):
        path = f"/projects/{team.project['id']}/paused-kinds"
        assert team.owner.put(path, {"kinds": list(kinds)}).status_code == 200

    return pause


def test_what_is_urgent_runs_first_however_late_it_comes(worker, submit, ended):
    order = ("low", "normal", "high", "normal", "low", "high")
    jobs = [submit("nothing", job={"priority": priority}) for priority in order]
    worker(WORKER_CONCURRENCY="1")
    begun = sorted((ended(job) for job in jobs), key=lambda job: job["started_at"])
    assert [job["priority"] for job in begun] == sorted(order, key=PRIORITIES.index)


def test_a_priority_outlasts_a_failed_attempt_and_a_lost_queue(worker, submit, ended):
    jobs = [submit("transient", job={"priority": priority}) for priority in PRIORITIES]
    redis_tcp.client().delete(*keys.QUEUES.values())
    worker()
    assert [ended(job)["state"] for job in jobs] == ["succeeded"] * 3
    assert [ended(job)["attempt"] for job in jobs] == [2] * 3


def test_a_job_put_off_begins_within_about_a_second_of_its_time(worker, submit, ended):
    worker()
    first = datetime.now(UTC) + timedelta(seconds=1)
    times = [first + timedelta(seconds=0.3 * n) for n in range(5)]
    jobs = [submit("nothing", job={"run_at": at.isoformat()}) for at in times]
    for job, at in zip(jobs, times, strict=True):
        late = datetime.fromisoformat(ended(job)["started_at"]) - at
        assert timedelta() <= late < timedelta(seconds=SOON)


def test_a_paused_kind_waits_while_others_run_and_goes_on_at_once(
    worker, submit, ended, read, paused, eventually
):
    paused("test.slow")
    waits = [submit("slow") for _ in range(20)]
    worker()
    assert ended(submit("nothing"))["state"] == "succeeded"
    eventually(lambda: not redis_tcp.client().llen(keys.QUEUE), what="messages are left")
    assert {(read(job)["state"], read(job)["attempt"]) for job in waits} == {("queued", 0)}
    paused()
    resumed = datetime.now(UTC)
    for job in waits:
        done = ended(job)
        assert (done["state"], done["attempt"]) == ("succeeded", 1)
        late = datetime.fromisoformat(done["started_at"]) - resumed
        assert late < timedelta(seconds=SOON)


def test_what_runs_when_its_kind_is_paused_goes_on(worker, submit, ended, read, paused, eventually):
    worker()
    job = submit("slow", seconds=1)
    eventually(lambda: read(job)["state"] == "running")
    paused("test.slow")
    assert ended(job)["state"] == "succeeded"


def test_a_job_that_failed_for_good_runs_again_when_it_is_retried(
    worker, submit, ended, team, mark, marks, events
):
    worker()
    job = submit("refused", mark=str(mark), job={"max_attempts": 1})
    assert ended(job)["state"] == "failed"
    answer = team.collaborator.post(f"/jobs/{job['id']}/retry")
    assert (answer.status_code, answer.get_json()["max_attempts"]) == (200, 4)
    again = ended(job)
    assert (again["state"], again["attempt"], marks("ran")) == ("failed", 4, 4)
    assert events(job)[:5] == [
        "job.submitted", "job.started", "job.failed", "job.retried", "job.started",
    ]  # fmt: skip


def test_a_job_that_was_cancelled_while_it_waited_never_runs(
    worker, submit, ended, team, mark, marks
):
    jobs = [submit("nothing", mark=str(mark)) for _ in range(3)]
    assert team.collaborator.post(f"/jobs/{jobs[1]['id']}/cancel").status_code == 200
    worker()
    assert [ended(job)["state"] for job in jobs] == ["succeeded", "cancelled", "succeeded"]
    assert marks("ran") == 2


def test_a_unique_key_is_free_again_when_the_worker_is_done(worker, submit, ended, team):
    worker()
    first = submit("slow", seconds=0.5, job={"unique_key": "once"})
    body = {"kind": "test.slow", "unique_key": "once"}
    path = f"/projects/{team.project['id']}/jobs"
    assert team.collaborator.post(path, body).status_code == 409
    assert ended(first)["state"] == "succeeded"
    assert team.collaborator.post(path, body).status_code == 202
