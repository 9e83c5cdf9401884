"""The trash: what is deleted is hidden everywhere, can be restored, and ends after 30 days."""

import threading
from http import HTTPStatus

import pytest

from lib.stores import postgres

KIND = "test.trash"


@pytest.fixture
def project(team):
    return f"/projects/{team.project['id']}"


@pytest.fixture
def trash(team):
    return f"/workspaces/{team.workspace['id']}/projects?deleted=true"


@pytest.fixture
def job(team, project):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES (%s, 'Nothing', '{}', 3) ON CONFLICT DO NOTHING",
            [KIND],
        )
    answer = team.collaborator.post(f"{project}/jobs", {"kind": KIND})
    assert answer.status_code == 202, answer.text
    return answer.get_json()


@pytest.fixture
def deleted(team, job, project):
    assert team.owner.delete(project).status_code == 204


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.get_json()["items"]]


def actions(team, noun):
    """What was recorded of the project, whether or not it has been moved since."""
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event->>'action' AS action FROM audit_outbox WHERE event->>'project_id' = %s"
            " AND event->>'action' LIKE %s ORDER BY id",
            [team.project["id"], noun + ".%"],
        )
        return [row["action"] for row in rows]


def test_nothing_of_a_deleted_project_is_found_by_anybody(team, job, project, deleted):
    paths = [project, f"{project}/files", f"{project}/jobs", f"{project}/presence",
             f"/files/{team.file['id']}", f"/jobs/{job['id']}"]  # fmt: skip
    for who in (team.owner, team.collaborator, team.viewer):
        for path in paths:
            assert who.get(path).status_code == HTTPStatus.NOT_FOUND, path
        assert ids(who.get("/projects")) == []
        assert ids(who.get(f"/workspaces/{team.workspace['id']}/projects")) == []
    for answer in (
        team.owner.patch(project, {"name": "x"}),
        team.owner.delete(project),
        team.owner.post(f"{project}/ticket"),
        team.owner.post(f"{project}/files", {"path": "x.md"}),
        team.owner.post(f"{project}/jobs", {"kind": KIND}),
        team.owner.put(f"/files/{team.file['id']}/content", {"content": "x"}),
        team.owner.delete(f"/files/{team.file['id']}"),
    ):
        assert answer.status_code == HTTPStatus.NOT_FOUND


def test_owners_see_what_is_in_the_trash_and_since_when(team, trash, project):
    assert ids(team.owner.get(trash)) == []
    team.owner.delete(project)
    for path in (trash, "/projects?deleted=true"):
        (listed,) = team.owner.get(path).get_json()["items"]
        assert listed["id"] == team.project["id"]
        assert listed["deleted_at"]
    assert team.collaborator.get(trash).status_code == 403
    assert team.collaborator.get(trash).get_json()["required_role"] == "owner"
    assert team.stranger.get(trash).status_code == 404
    assert ids(team.collaborator.get("/projects?deleted=true")) == []


def test_a_restored_project_is_there_again_with_all_that_was_in_it(team, project, deleted):
    restored = team.owner.post(f"{project}/restore")
    assert restored.status_code == 200
    assert restored.get_json() == team.project
    assert team.viewer.get(f"/files/{team.file['id']}").get_json()["content"] == "hello"
    assert ids(team.viewer.get("/projects")) == [team.project["id"]]
    assert actions(team, "project")[-2:] == ["project.deleted", "project.restored"]


def test_restoring_what_is_not_deleted_changes_nothing(team, project):
    assert team.owner.post(f"{project}/restore").get_json() == team.project
    assert "project.restored" not in actions(team, "project")
    assert team.collaborator.post(f"{project}/restore").status_code == 403
    assert team.stranger.post(f"{project}/restore").status_code == 404


@pytest.mark.parametrize("who", ["collaborator", "viewer", "stranger"])
def test_only_owners_know_of_a_deleted_project(team, project, deleted, who):
    person = team.by_role()[who]
    assert person.post(f"{project}/restore").status_code == 404
    assert person.delete(f"{project}/trash").status_code == 404
    assert team.owner.post(f"{project}/restore").status_code == 200


def test_only_what_is_deleted_can_be_deleted_for_good(team, project):
    assert team.owner.delete(f"{project}/trash").status_code == 409
    assert team.collaborator.delete(f"{project}/trash").status_code == 403
    assert team.viewer.get(project).status_code == 200


def test_what_is_deleted_for_good_is_gone(team, trash, project, deleted):
    assert team.owner.delete(f"{project}/trash").status_code == 204
    assert team.owner.post(f"{project}/restore").status_code == 404
    assert team.owner.delete(f"{project}/trash").status_code == 404
    assert ids(team.owner.get(trash)) == []
    with postgres.connection() as conn:
        query = "SELECT count(*) AS n FROM files WHERE id = %s"
        assert conn.execute(query, [team.file["id"]]).fetchone()["n"] == 0
    assert actions(team, "project")[-1] == "project.purged"


def test_it_may_take_longer_than_other_requests_to_delete_all_that_is_in_a_project(
    team, project, deleted, slow_deletion
):
    assert team.owner.delete(f"{project}/trash").status_code == 204


def test_deletion_cancels_the_jobs_that_have_not_ended_and_says_why(team, job, project):
    second = team.collaborator.post(f"{project}/jobs", {"kind": KIND}).get_json()
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id = %s",
            [second["id"]],
        )
    team.owner.delete(project)
    team.owner.post(f"{project}/restore")
    after = team.viewer.get(f"/jobs/{job['id']}").get_json()
    assert (after["state"], after["error"]) == ("cancelled", "The project was deleted.")
    assert after["finished_at"]
    assert team.viewer.get(f"/jobs/{second['id']}").get_json()["state"] == "succeeded"
    assert actions(team, "job").count("job.cancelled") == 1


def test_no_edit_is_stored_after_the_deletion_and_none_makes_it_fail(team, project):
    content = f"/files/{team.file['id']}/content"
    assert team.collaborator.put(content, {"content": "before"}).status_code == 200
    go, statuses = threading.Barrier(5), []

    def write(number):
        go.wait(10)
        for n in range(12):
            answer = team.collaborator.put(content, {"content": f"{number} {n}"})
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    go.wait(10)
    assert team.owner.delete(project).status_code == 204
    with postgres.connection() as conn:
        query = "SELECT seq FROM files WHERE id = %s"
        seq = conn.execute(query, [team.file["id"]]).fetchone()["seq"]
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 404}
    assert 404 in statuses
    with postgres.connection() as conn:
        assert conn.execute(query, [team.file["id"]]).fetchone()["seq"] == seq


def test_two_who_delete_at_once_delete_once(team, project, at_once):
    statuses = at_once(4, lambda _: team.owner.delete(project).status_code)
    assert sorted(statuses) == [204, 404, 404, 404]
    assert actions(team, "project").count("project.deleted") == 1


def test_if_match_guards_the_last_deletion(team, project, deleted):
    wrong = {"If-Match": '"000000000000000000000000"'}
    assert team.owner.delete(f"{project}/trash", headers=wrong).status_code == 412
    assert team.owner.post(f"{project}/restore").status_code == 200
    tag = team.owner.get(project).headers["ETag"]
    assert team.owner.delete(project).status_code == 204
    right = {"If-Match": tag}
    assert team.owner.delete(f"{project}/trash", headers=right).status_code == 204
