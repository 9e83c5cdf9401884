"""Deleting old jobs: by hand, and by themselves after a while."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest

from lib.config import settings
from lib.ids import first_at, new_id
from lib.jobs import artifacts, deletion_queries, retention
from lib.stores import postgres


@pytest.fixture
def old(team, announced):
    """Make a job that ended so many days ago, with a file; a day after it was submitted."""

    def make(days, state="succeeded"):
        at = datetime.now(UTC) - timedelta(days=days)
        job_id = UUID(int=first_at(at - timedelta(days=1)).int | new_id().int & (1 << 62) - 1)
        with postgres.connection() as conn:
            conn.execute(
                "INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts,"
                " request_id, state, finished_at)"
                " VALUES (%s, %s, %s, 'test.first', '{}', 1, '', %s, %s)",
                [
                    job_id,
                    team.workspace["id"],
                    team.project["id"],
                    state,
                    None if state == "queued" else at,
                ],
            )
            artifacts.keep(conn, job_id, artifacts.make("a.txt", "text/plain", b"a"))
        return job_id

    return make


def left(job_ids):
    with postgres.connection() as conn:
        rows = conn.execute("SELECT id FROM jobs WHERE id = ANY(%s)", [job_ids])
        found = {row["id"] for row in rows}
        files = conn.execute("SELECT job_id FROM job_artifacts WHERE job_id = ANY(%s)", [job_ids])
        assert {row["job_id"] for row in files} == found
    return [job_id in found for job_id in job_ids]


def query(days, **more):
    at = quote((datetime.now(UTC) - timedelta(days=days)).isoformat())
    return f"?finished_before={at}" + "".join(f"&{name}={value}" for name, value in more.items())


def test_an_owner_deletes_what_ended_before_a_time_with_its_files(team, place, old, told):
    jobs = [old(9), old(8, "failed"), old(7, "cancelled"), old(2), old(9, "queued")]
    assert left(jobs) == [True] * 5
    answer = team.owner.delete(f"{place}{query(5)}")
    assert (answer.status_code, answer.get_json()) == (200, {"count": 3, "more": False})
    assert left(jobs) == [False, False, False, True, True]
    assert told(team.project["id"])[-1] == "job.purged"


def test_it_goes_up_to_a_limit_the_oldest_first(team, place, old):
    jobs = [old(7), old(9), old(8)]
    assert team.owner.delete(f"{place}{query(5, limit=2)}").get_json() == {
        "count": 2, "more": True,
    }  # fmt: skip
    assert left(jobs) == [True, False, False]


def test_large_files_are_deleted_a_few_at_a_time(team, place, old, monkeypatch):
    jobs = [old(9), old(8), old(7)]
    monkeypatch.setattr(deletion_queries, "MAX_BYTES", 2)  # each file has one
    for left_over, more in (([False, False, True], True), ([False, False, False], False)):
        assert team.owner.delete(f"{place}{query(5)}").get_json()["more"] is more
        assert left(jobs) == left_over


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_any_time_can_be_given(team, place, old, time):
    jobs = [old(3)]
    answer = team.owner.delete(f"{place}?finished_before={time}")
    assert answer.get_json()["count"] == (1 if time.startswith("9") else 0)
    assert left(jobs) == [time.startswith("0")]


def test_only_owners_delete_and_only_of_their_project(team, place, old):
    jobs = [old(9)]
    for who, status in ((team.collaborator, 403), (team.viewer, 403), (team.stranger, 404)):
        assert who.delete(f"{place}{query(5)}").status_code == status
    elsewhere = team.stranger.post("/workspaces", {"name": "Elsewhere"}).get_json()
    path = f"/workspaces/{elsewhere['id']}/projects"
    other = team.stranger.post(path, {"name": "Other"}).get_json()
    assert team.stranger.delete(f"/projects/{other['id']}/jobs{query(5)}").status_code == 200
    assert left(jobs) == [True]


@pytest.mark.parametrize("what", ["", "?finished_before=old", "?limit=1"])
def test_a_time_has_to_be_given(team, place, what):
    answer = team.owner.delete(f"{place}{what}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/finished_before"


def test_what_ended_long_ago_goes_by_itself(old):
    kept = settings().job_retention_days
    jobs = [old(kept + 1), old(kept + 300, "failed"), old(kept - 1), old(kept + 1, "queued")]
    with postgres.transaction() as conn:
        assert retention.delete_old(conn, 1) == 1
    with postgres.transaction() as conn:
        assert retention.delete_old(conn, 1000) >= 1
    assert left(jobs) == [False, False, True, True]
