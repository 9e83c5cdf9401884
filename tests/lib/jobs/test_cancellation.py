"""Cancelling: what waits ends at once, what runs is asked, what has ended stays as it is."""

import json

import pytest

from lib.bridge import keys
from lib.jobs import lifecycle
from lib.stores import postgres, redis_tcp


def cancel(who, job):
    return who.post(f"/jobs/{job['id']}/cancel")


@pytest.mark.parametrize("state", ["queued", "retrying"])
def test_a_job_that_waits_is_cancelled_at_once(team, submit, put_into, told, state):
    job = put_into(submit(), state)
    answer = cancel(team.collaborator, job)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert answer.get_json()["finished_at"]
    assert told(job["id"]) == ["job.submitted", "job.cancelled"]
    with postgres.transaction() as conn:
        assert lifecycle.claim(conn, [job["id"]], worker="w", kinds=["test.first"]) == []


def test_a_job_that_runs_is_asked_to_stop_and_asking_again_changes_nothing(
    team, submit, put_into, told
):
    job = put_into(submit(), "running")
    first, second = (cancel(team.collaborator, job).get_json() for _ in range(2))
    assert (first["state"], first["finished_at"]) == ("running", None)
    assert first["cancel_requested_at"]
    assert second == first
    assert told(job["id"])[:2] == ["job.submitted", "job.cancel-requested"]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_job_that_has_ended_can_not_be_cancelled(team, submit, put_into, state):
    job = put_into(submit(), state)
    answer = cancel(team.collaborator, job)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "/problems/conflict")
    assert team.viewer.get(f"/jobs/{job['id']}").get_json()["state"] == state


def test_the_room_hears_of_it(team, submit, eventually):
    job = submit()
    with redis_tcp.client().pubsub() as room:
        room.subscribe(keys.room(team.project["id"]))
        assert room.get_message(timeout=5)["type"] == "subscribe"
        assert cancel(team.collaborator, job).status_code == 200
        message = eventually(lambda: room.get_message(timeout=1))
    heard = json.loads(message["data"])
    assert (heard["type"], heard["data"]["state"]) == ("job-updated", "cancelled")


def test_many_cancels_of_one_job_at_once_end_it_once(team, submit, told, at_once):
    job = submit()
    statuses = at_once(6, lambda _: cancel(team.collaborator, job).status_code)
    assert sorted(statuses) == [200] + [409] * 5
    assert told(job["id"]) == ["job.submitted", "job.cancelled"]


def test_many_jobs_are_cancelled_by_kind_and_state_up_to_a_limit(team, place, submit, put_into):
    first = [submit() for _ in range(4)]
    second, running = submit("test.second"), put_into(submit(), "running")
    done = put_into(submit(), "succeeded")

    def states(*jobs):
        return [team.viewer.get(f"/jobs/{job['id']}").get_json()["state"] for job in jobs]

    body = {"kind": "test.first", "states": ["queued"], "limit": 3}
    answer = team.collaborator.post(f"{place}/cancel", body)
    assert answer.get_json() == {"count": 3, "more": True}
    assert states(*first) == ["cancelled"] * 3 + ["queued"]
    assert team.collaborator.post(f"{place}/cancel", body).get_json() == {"count": 1, "more": False}
    assert states(second, running, done) == ["queued", "running", "succeeded"]
    assert team.collaborator.post(f"{place}/cancel", {}).get_json()["count"] == 2
    assert states(second, running, done) == ["cancelled", "running", "succeeded"]
    assert team.viewer.get(f"/jobs/{running['id']}").get_json()["cancel_requested_at"]
    assert team.collaborator.post(f"{place}/cancel", {}).get_json()["count"] == 0


def test_many_at_once_cancel_each_job_once(team, place, submit, at_once):
    for _ in range(12):
        submit()
    body = {"limit": 5}
    answers = at_once(4, lambda _: team.collaborator.post(f"{place}/cancel", body))
    assert {answer.status_code for answer in answers} == {200}
    rest = team.collaborator.post(f"{place}/cancel", {}).get_json()["count"]
    assert sum(answer.get_json()["count"] for answer in answers) + rest == 12


@pytest.mark.parametrize("body", [{"states": ["failed"]}, {"states": []}, {"limit": 501}, {"x": 1}])
def test_what_can_not_be_cancelled_is_refused_with_a_pointer(team, place, body):
    answer = team.collaborator.post(f"{place}/cancel", body)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"].startswith(f"/{next(iter(body))}")


def test_in_the_archive_and_in_the_trash_nothing_is_cancelled(team, place, submit):
    job = submit()
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/archive").status_code == 200
    assert cancel(team.owner, job).get_json()["type"] == "/problems/archived"
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/unarchive").status_code == 200
    assert team.owner.delete(f"/projects/{team.project['id']}").status_code == 204
    assert cancel(team.owner, job).status_code == 404
    assert team.owner.post(f"{place}/cancel", {}).status_code == 404
