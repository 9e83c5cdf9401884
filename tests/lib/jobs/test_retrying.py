"""Retrying by hand: what failed or was cancelled runs again, with attempts of its own."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from lib.bridge import keys
from lib.jobs import lifecycle
from lib.stores import postgres, redis_tcp


def retry(who, job):
    return who.post(f"/jobs/{job['id']}/retry")


def queued(job, priority="normal"):
    messages = redis_tcp.client().lrange(keys.QUEUES[priority], 0, -1)
    return sum(job["id"] in message for message in messages)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_dead_job_is_queued_with_as_many_attempts_as_its_kind_allows(
    team, submit, put_into, told, state
):
    job = submit(priority="high", max_attempts=2)
    put_into(job, state, attempt=2, error="No.", cancel_requested_at="now()", started_at="now()")
    redis_tcp.client().delete(*keys.QUEUES.values())
    answer = retry(team.collaborator, job)
    again = answer.get_json()
    assert (answer.status_code, again["state"]) == (200, "queued")
    assert (again["attempt"], again["max_attempts"]) == (2, 5)
    for name in ("error", "finished_at", "started_at", "cancel_requested_at"):
        assert again[name] is None
    assert queued(job, "high") == 1
    assert told(job["id"]) == ["job.submitted", "job.retried"]
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=["test.first"])
    assert row["attempt"] == 3


@pytest.mark.parametrize("state", ["queued", "running", "retrying", "succeeded"])
def test_a_job_in_another_state_is_left_alone(team, submit, put_into, state):
    job = put_into(submit(), state)
    assert retry(team.collaborator, job).status_code == 409
    assert team.viewer.get(f"/jobs/{job['id']}").get_json()["state"] == state


def test_a_job_is_retried_once_by_many_at_once(team, submit, put_into, told, at_once):
    job = put_into(submit(), "failed", attempt=3)
    statuses = at_once(6, lambda _: retry(team.collaborator, job).status_code)
    assert sorted(statuses) == [200] + [409] * 5
    assert told(job["id"]) == ["job.submitted", "job.retried"]


def test_it_stays_dead_while_another_with_its_unique_key_lives(team, submit, put_into):
    dead = put_into(submit(unique_key="k"), "failed")
    live = submit(unique_key="k")
    answer = retry(team.collaborator, dead)
    assert (answer.status_code, answer.get_json()["job_id"]) == (409, live["id"])
    put_into(live, "succeeded")
    assert retry(team.collaborator, dead).status_code == 200


def test_of_two_dead_with_one_key_retried_at_once_one_lives(team, submit, put_into, at_once):
    dead = [put_into(submit(unique_key="k"), "failed") for _ in range(2)]
    answers = at_once(2, lambda n: retry(team.collaborator, dead[n]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_many_are_retried_by_kind_state_and_time_up_to_a_limit(team, place, submit, put_into):
    now = datetime.now(UTC)

    def dead(hours, state="failed", kind="test.first"):
        at = (now - timedelta(hours=hours)).isoformat()
        return put_into(submit(kind), state, finished_at=at)["id"]

    old, new, other = dead(5), dead(1), dead(1, kind="test.second")
    cancelled = dead(1, "cancelled")

    def lives():
        jobs = team.viewer.get(f"{place}?state=queued").get_json()["items"]
        return {job["id"] for job in jobs}

    def again(**body):
        answer = team.collaborator.post(f"{place}/retry", body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    bounds = {
        "ended_after": (now - timedelta(hours=6)).isoformat(),
        "ended_before": (now - timedelta(hours=4)).isoformat(),
    }
    assert again(**bounds) == {"count": 1, "more": False}
    assert lives() == {old}
    assert again(kind="test.first", limit=1) == {"count": 1, "more": True}
    assert lives() == {old, new}
    assert again(states=["cancelled"])["count"] == 1
    assert lives() == {old, new, cancelled}
    assert again()["count"] == 1
    assert lives() == {old, new, cancelled, other}
    assert all(queued({"id": job}) for job in lives())
    assert again() == {"count": 0, "more": False}


def test_of_many_with_one_unique_key_the_newest_is_retried_unless_one_lives(
    team, place, submit, put_into
):
    dead = [put_into(submit(unique_key="k"), "failed") for _ in range(3)]
    taken = put_into(submit(unique_key="taken"), "failed")
    submit(unique_key="taken")
    assert team.collaborator.post(f"{place}/retry", {}).get_json()["count"] == 1
    states = [team.viewer.get(f"/jobs/{job['id']}").get_json()["state"] for job in [*dead, taken]]
    assert states == ["failed", "failed", "queued", "failed"]


def test_nothing_is_retried_in_a_workspace_that_is_full(team, place, submit, put_into, quota):
    dead, waits = put_into(submit(), "failed"), submit()
    quota("JOBS_PER_WORKSPACE", 1)
    assert retry(team.collaborator, dead).status_code == 429
    assert team.collaborator.post(f"{place}/retry", {}).status_code == 429
    assert team.viewer.get(f"/jobs/{dead['id']}").get_json()["state"] == "failed"
    put_into(waits, "succeeded")
    quota()
    assert team.collaborator.post(f"{place}/retry", {}).get_json()["count"] == 1
