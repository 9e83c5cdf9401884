"""Jobs of a workspace that is archived: what reads goes on, what writes does not."""

import pytest


@pytest.fixture
def archive(team):
    def put(path="archive"):
        answer = team.owner.post(f"/workspaces/{team.workspace['id']}/{path}")
        assert answer.status_code == 200, answer.text

    return put


def description(team):
    return team.viewer.get(f"/projects/{team.project['id']}").get_json()["description"]


def test_a_waiting_job_that_reads_runs_and_one_that_writes_fails_once_and_says_why(
    worker, submit, ended, team, archive
):
    export, writing = submit("project.export"), submit("writes")
    archive()
    worker()
    assert ended(export)["state"] == "succeeded"
    assert team.viewer.get(f"/jobs/{export['id']}/artifact").status_code == 200
    failed = ended(writing)
    assert (failed["state"], failed["attempt"]) == ("failed", 1)
    assert "archive" in failed["error"]
    assert description(team) == ""


def test_the_archive_waits_for_what_a_job_is_writing(
    worker, submit, ended, team, archive, eventually, mark, marks
):
    worker()
    job = submit("writes", seconds=1, mark=str(mark))
    eventually(lambda: marks("began") == 1, 20)
    archive()
    assert description(team) == "written"
    assert ended(job)["state"] == "succeeded"


def test_out_of_the_archive_jobs_write_again(worker, submit, ended, team, archive):
    archive()
    archive("unarchive")
    worker()
    assert ended(submit("writes"))["state"] == "succeeded"
    assert description(team) == "written"
