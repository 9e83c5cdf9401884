"""What is written down of each attempt, by whichever statement ends it."""

import signal
from datetime import datetime
from uuid import UUID

import pytest

from lib.config import settings
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres
from worker import kinds, runner
from worker.attempt import Ending
from worker.context import Context


@pytest.fixture
def attempts(team):
    """The attempts at a job, oldest first."""
    return lambda job: team.viewer.get(f"/jobs/{job['id']}/attempts").get_json()["items"][::-1]


def outcomes(rows):
    return [(row["attempt"], row["outcome"]) for row in rows]


def test_an_attempt_that_succeeds_is_written_down_once(worker, submit, ended, attempts):
    running = worker()
    job = ended(submit("slow", seconds=0.1))
    (row,) = attempts(job)
    assert (row["attempt"], row["outcome"], row["error"], row["digest"]) == (
        1, "succeeded", None, None,
    )  # fmt: skip
    assert row["worker"].endswith(f"-{running.process.pid}")
    assert row["started_at"] == job["started_at"]
    began, over = (datetime.fromisoformat(row[name]) for name in ("started_at", "finished_at"))
    assert 0.1 <= (over - began).total_seconds() < 10


def test_each_failure_has_its_row_and_the_same_failure_the_same_digest(
    worker, submit, ended, attempts
):
    running = worker()
    first, second = ended(submit("broken")), ended(submit("refused"))
    rows = attempts(first)
    assert outcomes(rows) == [(1, "failed"), (2, "failed"), (3, "failed")]
    assert {row["error"] for row in rows} == {first["error"]}
    (digest,) = {row["digest"] for row in rows}
    assert {row["digest"] for row in attempts(second)} != {digest}
    logged = [line for line in running.logged("job.raised") if line["job_id"] == first["id"]]
    assert [line["digest"] for line in logged] == [digest] * 3
    assert all("secret-connection-string" in line["error"] for line in logged)
    assert {line["request_id"] for line in logged} != {None}
    assert "secret" not in str(rows)


def test_an_attempt_under_way_is_listed_without_an_outcome(
    worker, submit, ended, attempts, eventually
):
    worker()
    job = submit("slow", seconds=1)
    (row,) = eventually(lambda: attempts(job))
    assert (row["attempt"], row["outcome"], row["finished_at"]) == (1, None, None)
    ended(job)
    (over,) = attempts(job)
    assert (over["id"], over["started_at"]) == (row["id"], row["started_at"])


def test_an_attempt_whose_worker_dies_is_lost(
    worker, submit, ended, attempts, mark, marks, eventually
):
    first = worker()
    job = submit("slow", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    first.kill()
    second = worker()
    rows = attempts(ended(job))
    assert outcomes(rows) == [(1, "lost"), (2, "succeeded")]
    pids = [row["worker"].rpartition("-")[2] for row in rows]
    assert pids == [str(first.process.pid), str(second.process.pid)]
    assert "worker stopped" in rows[0]["error"]


def test_what_a_worker_hands_back_does_not_count(
    worker, submit, ended, attempts, mark, marks, eventually
):
    running = worker(WORKER_DRAIN="1s")
    job = submit("stubborn", seconds=6, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    running.send(signal.SIGTERM)
    assert running.wait(10) == 0
    assert attempts(job) == []
    worker()
    assert outcomes(attempts(ended(job))) == [(1, "succeeded")]


def test_whoever_lost_the_lease_writes_no_attempt(submit, attempts):
    job = submit("nothing")
    job_id = UUID(job["id"])

    def take():
        with postgres.transaction() as conn:
            (row,) = lifecycle.claim(conn, [job_id], worker="w", kinds=["test.nothing"])
        return Lease(job_id, row["lease_token"])

    old = take()
    with postgres.transaction() as conn:
        lifecycle.fail(conn, old, 1, "no", final=False)
        conn.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [job_id])
    new = take()
    with postgres.transaction() as conn:
        assert lifecycle.fail(conn, old, 1, "late", final=True) is None
        assert lifecycle.succeed(conn, [Success(old, None, None)]) == set()
    assert outcomes(attempts(job)) == [(1, "failed"), (2, None)]
    with postgres.transaction() as conn:
        assert lifecycle.succeed(conn, [Success(new, None, None)]) == {job_id}
    assert outcomes(attempts(job)) == [(1, "failed"), (2, "succeeded")]


def test_the_attempt_of_a_job_whose_project_is_deleted_is_cancelled(team, submit):
    job = submit("nothing")
    with postgres.transaction() as conn:
        lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=["test.nothing"])
    submit("nothing")
    assert team.owner.delete(f"/projects/{team.project['id']}").status_code == 204
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT a.job_id, a.outcome, a.error FROM job_attempts a JOIN jobs j ON j.id = a.job_id"
            " WHERE j.project_id = %s",
            [UUID(team.project["id"])],
        ).fetchall()
    assert [(str(r["job_id"]), r["outcome"]) for r in rows] == [(job["id"], "cancelled")]


def test_attempts_come_by_pages_newest_first(team, submit):
    job = submit("tireless")
    for number in range(1, 6):
        with postgres.transaction() as conn:
            conn.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [UUID(job["id"])])
            (row,) = lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=["test.tireless"])
        if number < 5:
            with postgres.transaction() as conn:
                lifecycle.fail(conn, Lease(row["id"], row["lease_token"]), 1, "no", final=False)
    seen, cursor = [], ""
    while cursor is not None:
        page = team.viewer.get(f"/jobs/{job['id']}/attempts?limit=2{cursor}").get_json()
        seen += [item["attempt"] for item in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]


def test_strangers_see_no_attempts(team, submit):
    job = submit("nothing")
    assert team.viewer.get(f"/jobs/{job['id']}/attempts").get_json()["items"] == []
    assert team.stranger.get(f"/jobs/{job['id']}/attempts").status_code == 404


def test_after_a_retry_by_hand_attempts_and_the_pauses_between_them_begin_anew(
    submit, team, monkeypatch
):
    monkeypatch.setattr("random.uniform", lambda _, longest: longest)
    kind = kinds.discover(["tests.worker.example_kinds"])["test.broken"]
    assert (kind.max_attempts, settings().job_retry_delay) == (3, 20)
    job = submit("broken", job={"max_attempts": 2})

    def failed():
        with postgres.transaction() as conn:
            conn.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [job["id"]])
        with postgres.transaction() as conn:
            (row,) = lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=[kind.name])
        return runner._write(Context(row, 60), Ending("failed", error="No."), kind), _pause(job)

    assert [failed(), failed()[0]] == [("retrying", 20), "failed"]
    assert team.collaborator.post(f"/jobs/{job['id']}/retry").get_json()["max_attempts"] == 5
    assert [failed(), failed(), failed()[0]] == [("retrying", 20), ("retrying", 40), "failed"]


def _pause(job):
    """How many seconds there are from the job's last attempt to its next, in tens."""
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT round(extract(epoch FROM run_at - max(a.finished_at)), -1)::int AS seconds"
            " FROM jobs j JOIN job_attempts a ON a.job_id = j.id WHERE j.id = %s GROUP BY j.id",
            [job["id"]],
        ).fetchone()
        return row["seconds"]
