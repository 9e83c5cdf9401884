"""Workers whose clocks are minutes apart: what is due, whose lease holds, and when to retry."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MINUTES = 10 * 60  # seconds
MANY_MINUTES_OFF = timedelta(minutes=5)


@pytest.fixture
def shifted(worker):
    """Start a worker whose clock is so many seconds off."""

    def start(seconds, **env):
        path = f"{HERE / 'shifted_clock'}"
        return worker(PYTHONPATH=path, CLOCK_SHIFT=str(seconds), **env)

    return start


def logged_at(running):
    return datetime.fromisoformat(running.logged("worker.started")[0]["at"])


@pytest.fixture
def pair(shifted):
    """Two workers, one far ahead and one far behind; their own logs prove it."""
    ahead, behind = shifted(MINUTES), shifted(-MINUTES)
    yield ahead, behind
    for running in (ahead, behind):
        assert running.process.poll() is None


def test_a_lease_holds_among_workers_whose_clocks_differ(
    pair, submit, ended, mark, marks, team, eventually
):
    job = submit("slow", seconds=7, mark=str(mark), job={"max_attempts": 5})
    alone = submit("alone.slow", seconds=7, mark=str(mark), job={"max_attempts": 5})
    eventually(lambda: marks("began") == 2)
    for each in (ended(job), ended(alone)):  # more than three leases long
        assert (each["state"], each["attempt"]) == ("succeeded", 1)
        (row,) = team.viewer.get(f"/jobs/{each['id']}/attempts").get_json()["items"]
        now = datetime.now(UTC)
        for name in ("started_at", "finished_at"):
            assert abs(now - datetime.fromisoformat(row[name])) < MANY_MINUTES_OFF
    assert marks("began") == 2


def test_jobs_start_when_they_are_due_and_are_tried_again_by_the_database_s_clock(
    pair, submit, ended, read, eventually
):
    due = datetime.now(UTC) + timedelta(seconds=4)
    later = [submit("nothing", job={"run_at": due.isoformat()}) for _ in range(6)]
    soon = submit("nothing")
    assert ended(soon)["state"] == "succeeded"
    assert {read(job)["state"] for job in later} == {"queued"}
    retried = [submit("transient") for _ in range(6)]
    for job in retried:
        assert (ended(job)["state"], ended(job)["attempt"]) == ("succeeded", 2)
    for job in later:
        done = ended(job)
        assert due <= datetime.fromisoformat(done["started_at"]) < due + timedelta(seconds=8)


def test_both_clocks_are_as_wrong_as_they_should_be(pair):
    ahead, behind = (logged_at(running) for running in pair)
    assert ahead - behind > timedelta(minutes=15)


def test_a_worker_that_dies_is_taken_over_from_by_one_whose_clock_is_behind(
    shifted, submit, ended, mark, marks, eventually
):
    first = shifted(MINUTES)
    job = submit("slow", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    first.kill()
    shifted(-MINUTES)
    done = ended(job, 15)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
