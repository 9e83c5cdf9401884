"""Isolated jobs: whatever one does to its process, it ends as it should, and the others go on."""

import signal
from contextlib import suppress

import psutil
import pytest

from lib.stores import postgres

LIMIT = "200"  # megabytes


@pytest.fixture
def attempts(team):
    """The attempts at a job, oldest first: each its outcome and error."""

    def read(job):
        items = team.viewer.get(f"/jobs/{job['id']}/attempts").get_json()["items"]
        return [(row["outcome"], row["error"]) for row in reversed(items)]

    return read


def processes(running):
    """The processes below a worker."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(running.process.pid).children(recursive=True)
    return []


def test_the_context_is_the_same_as_on_a_thread(worker, submit, ended, team, events):
    running = worker()
    job = ended(submit("alone.everything"))
    assert (job["state"], job["result"]) == ("succeeded", {"name": "Launch", "attempt": 1}), job
    answer = team.viewer.get(f"/jobs/{job['id']}/artifact")
    assert answer.data == bytes(range(256)) * 20_000
    project = team.viewer.get(f"/projects/{team.project['id']}").get_json()
    assert project["description"] == "alone"
    assert events(job) == ["job.submitted", "job.started", "job.succeeded"]
    assert ended(submit("alone.transient"))["result"] == {"attempt": 2}
    assert "Traceback" not in running.text


def test_jobs_share_warm_processes_which_are_not_the_workers(worker, submit, ended):
    running = worker(WORKER_CONCURRENCY="1")
    pids = {ended(submit("alone.nothing"))["result"]["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert running.process.pid not in pids


@pytest.mark.parametrize(
    ("kind", "outcome", "error"),
    [
        ("exits", "failed", "exit status 7"),
        ("deadly", "failed", "SIGKILL"),
        ("endless", "timed-out", "longer than 1 seconds"),
    ],
)
def test_a_job_that_is_the_end_of_its_process_fails_after_its_attempts(
    worker, submit, ended, attempts, kind, outcome, error
):
    running = worker(WORKER_CONCURRENCY="2")
    long = submit("alone.slow", seconds=3)
    bad = submit(f"alone.{kind}")
    others = [submit("alone.nothing") for _ in range(5)] + [submit("nothing") for _ in range(5)]
    done = ended(bad)
    assert (done["state"], done["attempt"]) == ("failed", 2)
    assert [how for how, _ in attempts(bad)] == [outcome] * 2
    assert all(error in said for _, said in attempts(bad))
    assert {ended(job)["state"] for job in [long, *others]} == {"succeeded"}
    assert {ended(job)["attempt"] for job in [long, *others]} == {1}
    assert running.process.poll() is None


def test_a_job_that_allocates_without_bound_fails_and_the_worker_stays_small(
    worker, submit, ended, attempts
):
    running = worker(WORKER_MEMORY_LIMIT=LIMIT)
    done = ended(submit("alone.hungry"))
    assert done["state"] == "failed"
    assert "memory" in done["error"]
    assert ended(submit("alone.nothing"))["state"] == "succeeded"
    assert psutil.Process(running.process.pid).memory_info().rss < 200 * 1024 * 1024


@pytest.mark.parametrize("kind", ["unwritable", "unimportable", "meddling"])
def test_what_a_handler_should_not_do_fails_its_job_alone(worker, submit, ended, attempts, kind):
    running = worker()
    done = ended(submit(f"alone.{kind}"))
    assert done["state"] == "failed", done
    assert done["error"]
    assert "secret" not in done["error"]
    assert [how for how, _ in attempts(done)] == ["failed"]
    assert ended(submit("alone.nothing"))["state"] == "succeeded"
    assert running.process.poll() is None


def test_what_a_handler_prints_is_no_line_of_the_log(worker, submit, ended, eventually):
    running = worker()
    job = ended(submit("alone.talkative"))
    assert job["state"] == "succeeded"
    printed = eventually(lambda: running.logged("job.printed"))
    assert len(printed) <= 20
    assert {line["job_id"] for line in printed} == {job["id"]}
    assert running.logged("forged") == []
    assert not any("forged" in line for line in running.logged("job.ended"))
    assert "\x1b" not in running.text


def test_a_permanent_failure_is_one_in_a_process_too(worker, submit, ended, mark, marks):
    worker()
    job = ended(submit("alone.refused", mark=str(mark)))
    assert (job["state"], job["error"], marks("ran")) == ("failed", "There is no such thing.", 1)


def test_a_job_that_lost_its_lease_writes_nothing(
    worker, submit, read, mark, marks, eventually, team
):
    running = worker()
    job = submit("alone.fenced", mark=str(mark))
    eventually(lambda: running.logged("job.ended"))
    assert (marks("released"), marks("wrote")) == (1, 0)
    assert running.logged("job.ended")[0]["outcome"] == "lease-lost"
    project = team.viewer.get(f"/projects/{team.project['id']}").get_json()
    assert project["description"] != "late"
    assert read(job)["state"] == "queued"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_processes_end_with_their_worker(worker, submit, mark, marks, eventually, number, read):
    running = worker()
    job = submit("alone.stubborn", seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    below = processes(running)
    assert below
    running.send(number)
    running.wait(10)
    eventually(lambda: not any(p.is_running() for p in below), what="a process outlived its worker")
    assert read(job)["attempt"] == (1 if number == signal.SIGKILL else 0)


def test_sigterm_lets_an_isolated_job_finish_and_hands_back_what_takes_too_long(
    worker, submit, read, mark, marks, eventually
):
    running = worker(WORKER_DRAIN="4s")
    short = submit("alone.slow", seconds=2, mark=str(mark))
    long = submit("alone.stubborn", seconds=60, mark=str(mark), job={"max_attempts": 1})
    eventually(lambda: marks("began") == 2)
    for process in [running.process, *processes(running)]:  # as a terminal or a supervisor may
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    assert running.wait(15) == 0
    assert read(short)["state"] == "succeeded"
    assert (read(long)["state"], read(long)["attempt"]) == ("queued", 0)


def test_a_process_has_connections_of_its_own(worker, submit, ended, mark, marks, eventually):
    worker()
    job = submit("alone.slow", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    with postgres.connection() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    assert ended(job)["state"] == "succeeded"
    assert ended(submit("alone.everything"))["state"] == "succeeded"
