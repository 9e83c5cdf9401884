"""What a submission may ask for beside the work: priority, time, attempts, to be the only one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lib.bridge import keys
from lib.jobs.schemas import PRIORITIES
from lib.stores import postgres, redis_tcp
from lib.stores.connection import Connection


@pytest.mark.parametrize("priority", ["high", "normal", "low"])
def test_the_priority_is_the_list_that_the_message_waits_in(submit, priority):
    redis_tcp.client().delete(*keys.QUEUES.values())
    job = submit(priority=priority)
    assert job["priority"] == priority
    for name, key in keys.QUEUES.items():
        found = [job["id"] in message for message in redis_tcp.client().lrange(key, 0, -1)]
        assert found == ([True] if name == priority else [])
    redis_tcp.client().delete(*keys.QUEUES.values())


def test_priorities_have_an_order_and_normal_is_what_is_not_said(submit):
    assert list(keys.QUEUES)[:3] == list(PRIORITIES) == ["high", "normal", "low"]
    assert submit()["priority"] == "normal"


@pytest.mark.parametrize(
    "change",
    [
        {"priority": "urgent"},
        {"priority": 1},
        {"max_attempts": 4},
        {"unique_key": ""},
        {"unique_key": "k" * 201},
        {"run_at": (datetime.now(UTC) + timedelta(days=367)).isoformat()},
    ],
)
def test_what_can_not_be_is_refused_with_a_pointer(team, place, announced, change):
    answer = team.collaborator.post(place, {"kind": "test.first"} | change)
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.get_json()["errors"]] == [f"/{next(iter(change))}"]


def test_a_job_has_the_attempts_of_its_kind_or_fewer(submit):
    assert submit()["max_attempts"] == 3
    assert submit(max_attempts=2)["max_attempts"] == 2


def test_the_answer_says_when_to_look_again(team, place, announced):
    now = team.collaborator.post(place, {"kind": "test.first"})
    assert now.headers["Retry-After"] == "1"
    at = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    later = team.collaborator.post(place, {"kind": "test.first", "run_at": at})
    assert 80 < int(later.headers["Retry-After"]) <= 90


def test_an_answer_that_is_repeated_says_it_too(team, place, announced):
    key = {"Idempotency-Key": uuid4().hex}
    answers = [team.collaborator.post(place, {"kind": "test.first"}, headers=key) for _ in "12"]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[1].headers["Retry-After"] == answers[0].headers["Retry-After"]


def test_one_with_the_unique_key_of_a_live_one_is_refused_and_led_to_it(team, place, submit):
    job = submit(unique_key="nightly")
    answer = team.collaborator.post(place, {"kind": "test.first", "unique_key": "nightly"})
    told = answer.get_json()
    assert (answer.status_code, told["type"]) == (409, "/problems/job-exists")
    assert told["job_id"] == job["id"]
    assert team.viewer.get(told["location"]).get_json() == job


@pytest.mark.parametrize("state", ["running", "retrying"])
def test_the_key_is_taken_until_the_job_has_ended(team, place, submit, put_into, state):
    put_into(submit(unique_key="nightly"), state)
    body = {"kind": "test.first", "unique_key": "nightly"}
    assert team.collaborator.post(place, body).status_code == 409


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_the_key_is_free_once_the_job_has_ended(submit, put_into, state):
    first = put_into(submit(unique_key="nightly"), state)
    assert submit(unique_key="nightly")["id"] != first["id"]


def test_the_key_is_of_one_kind_and_one_project(team, submit):
    submit(unique_key="nightly")
    submit("test.second", unique_key="nightly")
    submit(unique_key="weekly")
    submit()
    path = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(path, {"name": "Other"}).get_json()
    body = {"kind": "test.first", "unique_key": "nightly"}
    assert team.owner.post(f"/projects/{other['id']}/jobs", body).status_code == 202


def test_of_many_at_once_with_one_key_one_is_taken(team, place, announced, at_once):
    body = {"kind": "test.first", "unique_key": "once"}
    answers = at_once(8, lambda _: team.collaborator.post(place, body))
    assert sorted(a.status_code for a in answers) == [202] + [409] * 7
    (job,) = [a.get_json()["id"] for a in answers if a.status_code == 202]
    assert {a.get_json()["job_id"] for a in answers if a.status_code == 409} == {job}


def test_the_idempotency_key_goes_before_the_unique_one(team, place, announced):
    key, body = {"Idempotency-Key": uuid4().hex}, {"kind": "test.first", "unique_key": "k"}
    first = team.collaborator.post(place, body, headers=key)
    again = team.collaborator.post(place, body, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json() == first.get_json()


def test_a_workspace_has_as_many_waiting_jobs_as_its_quota_and_no_more(
    team, place, submit, put_into, quota
):
    quota("JOBS_PER_WORKSPACE", 3)
    jobs = [submit() for _ in range(3)]
    answer = team.collaborator.post(place, {"kind": "test.first"})
    assert (answer.status_code, answer.get_json()["type"]) == (429, "/problems/quota-exceeded")
    assert int(answer.headers["Retry-After"]) > 0
    with postgres.connection() as conn:
        query = "SELECT count(*) AS n FROM jobs WHERE project_id = %s"
        assert conn.execute(query, [team.project["id"]]).fetchone()["n"] == 3
    put_into(jobs[0], "running")
    quota()
    assert submit()["state"] == "queued"
    assert team.collaborator.post(place, {"kind": "test.first"}).status_code == 429


def test_a_process_that_found_a_workspace_full_counts_again_after_a_moment(
    team, place, submit, put_into, quota, eventually
):
    quota("JOBS_PER_WORKSPACE", 1)
    job = submit()
    assert team.collaborator.post(place, {"kind": "test.first"}).status_code == 429
    put_into(job, "running")
    eventually(lambda: team.collaborator.post(place, {"kind": "test.first"}).status_code == 202, 30)


def test_the_quota_is_the_workspaces_not_the_projects_nor_others(team, submit, quota):
    path = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(path, {"name": "Other"}).get_json()
    elsewhere = team.owner.post("/workspaces", {"name": "Elsewhere"}).get_json()
    path = f"/workspaces/{elsewhere['id']}/projects"
    foreign = team.owner.post(path, {"name": "Foreign"}).get_json()
    submit()
    quota("JOBS_PER_WORKSPACE", 1)
    for project, status in ((other, 429), (foreign, 202)):
        answer = team.owner.post(f"/projects/{project['id']}/jobs", {"kind": "test.first"})
        assert answer.status_code == status


def test_a_workspace_submits_no_more_in_a_minute_than_its_quota(team, place, submit, quota):
    quota("JOBS_PER_MINUTE", 12)
    for _ in range(12):
        submit()
    answer = team.collaborator.post(place, {"kind": "test.first"})
    assert (answer.status_code, "in a minute" in answer.text) == (429, True)
    assert 50 < int(answer.headers["Retry-After"]) <= 60
    other = team.owner.post("/workspaces", {"name": "Elsewhere"}).get_json()
    path = f"/workspaces/{other['id']}/projects"
    project = team.owner.post(path, {"name": "Foreign"}).get_json()
    path = f"/projects/{project['id']}/jobs"
    assert team.owner.post(path, {"kind": "test.first"}).status_code == 202


def test_without_rate_limits_there_are_no_quotas(submit, quota):
    submit()
    quota("JOBS_PER_WORKSPACE", 1)
    quota("JOBS_PER_MINUTE", 1)
    quota("RATE_LIMITS", "off")
    assert submit()["id"] != submit()["id"]


def test_what_is_asked_about_quotas_costs_no_round_trip_and_is_asked_seldom(
    submit, quota, monkeypatch
):
    asked, put_off = [], Connection.put_off
    quota()
    monkeypatch.setattr("lib.jobs.quotas.BELIEVED_FOR", 600)

    def counting(self, query, *args):
        asked.append(query)
        return put_off(self, query, *args)

    monkeypatch.setattr(Connection, "put_off", counting)
    for _ in range(10):
        submit()
    assert sum("AS waiting" in query for query in asked) == 1
    assert sum("INSERT INTO throttles" in query for query in asked) == 1
