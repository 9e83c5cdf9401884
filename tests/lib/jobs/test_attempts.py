"""Where attempts are kept: one that succeeds in its job's row, all others in rows of their own."""

from uuid import UUID

import pytest

from lib.jobs import attempts, lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres


@pytest.fixture
def job(submit):
    return UUID(submit()["id"])


def claim(job_id):
    with postgres.at_once() as conn:
        (row,) = lifecycle.claim(conn, [job_id], worker="w", kinds=["test.first"])
    return Lease(job_id, row["lease_token"])


def succeed(lease):
    with postgres.at_once() as conn:
        return lifecycle.succeed(conn, [Success(lease, None, None)])


def listed(job_id):
    with postgres.connection() as conn:
        rows = attempts.of_job(conn, job_id, cursor=None, limit=9)
    return [(row["id"], row["attempt"], row["worker"], row["outcome"]) for row in rows]


def test_an_attempt_is_listed_under_one_id_from_its_beginning_to_long_after_its_end(job):
    first = claim(job)
    with postgres.at_once() as conn:
        assert lifecycle.fail(conn, first, 1, "no", final=False) == "retrying"
        conn.execute("UPDATE jobs SET run_at = now() WHERE id = %s", [job])
    second = claim(job)
    failed = (first.token, 1, "w", "failed")
    assert listed(job) == [(second.token, 2, "w", None), failed]
    assert succeed(second) == {job}
    assert listed(job) == [(second.token, 2, "w", "succeeded"), failed]


def test_the_token_of_a_job_that_has_ended_is_worth_nothing(job):
    lease = claim(job)
    assert succeed(lease) == {job}
    assert succeed(lease) == set()
    with postgres.at_once() as conn:
        assert lifecycle.fail(conn, lease, 1, "no", final=True) is None
        assert lifecycle.renew(conn, [lease]) == lifecycle.release(conn, [lease]) == set()
        assert not lifecycle.progress(conn, lease, 1, "")
        assert not lifecycle.hold(conn, lease)
    assert [outcome for *_, outcome in listed(job)] == ["succeeded"]


def test_a_success_that_an_earlier_release_wrote_down_is_listed_once(job):
    lease = claim(job)
    succeed(lease)
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_attempts SELECT * FROM ended_attempts WHERE job_id = %s", [job]
        )
        conn.execute("UPDATE jobs SET lease_token = NULL WHERE id = %s", [job])
    assert listed(job) == [(lease.token, 1, "w", "succeeded")]
