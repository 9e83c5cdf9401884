"""The archive: a workspace in it is read by everybody as before, and changed by nobody."""

import json
from threading import Event, Thread

import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp


@pytest.fixture
def workspace(team):
    return f"/workspaces/{team.workspace['id']}"


def names(who, query=""):
    return [each["name"] for each in who.get(f"/workspaces{query}").get_json()["items"]]


def test_an_archived_workspace_says_since_when_and_is_listed_apart(team, workspace):
    assert team.viewer.get(workspace).get_json()["archived_at"] is None
    archived = team.owner.post(f"{workspace}/archive")
    assert archived.status_code == 200
    assert archived.get_json() == team.owner.get(workspace).get_json()
    assert archived.get_json()["archived_at"] is not None
    assert names(team.viewer) == names(team.viewer, "?archived=false") == []
    assert names(team.viewer, "?archived=true") == ["Studio"]
    back = team.owner.post(f"{workspace}/unarchive").get_json()
    assert (back["archived_at"], back["role"]) == (None, "owner")
    assert names(team.viewer) == ["Studio"]
    assert names(team.viewer, "?archived=true") == []


@pytest.mark.parametrize("query", ["archived=1", "archived=", "archived=TRUE", "archived=null"])
def test_the_list_asks_for_true_or_false(team, query):
    answer = team.owner.get(f"/workspaces?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/archived"


def test_archiving_twice_changes_nothing(team, workspace):
    first = team.owner.post(f"{workspace}/archive").get_json()
    assert team.owner.post(f"{workspace}/archive").get_json() == first
    assert team.owner.post(f"{workspace}/unarchive").status_code == 200
    plain = team.owner.get(workspace).get_json()
    assert team.owner.post(f"{workspace}/unarchive").get_json() == plain
    assert actions(team) == ["workspace.archived", "workspace.unarchived"]


def actions(team):
    with postgres.connection() as conn:
        rows = conn.execute(
            """
            SELECT event ->> 'action' AS action FROM audit_outbox
            WHERE event ->> 'target_id' = %s AND event ->> 'action' <> 'workspace.created'
            ORDER BY id
            """,
            [team.workspace["id"]],
        )
        return [row["action"] for row in rows]


def test_only_the_version_that_is_meant_is_archived(team, workspace):
    old = team.owner.get(workspace).headers["ETag"]
    assert team.owner.patch(workspace, {"name": "Atelier"}).status_code == 200
    refused = team.owner.post(f"{workspace}/archive", headers={"If-Match": old})
    assert refused.status_code == 412
    assert team.owner.get(workspace).get_json()["archived_at"] is None


def test_a_refusal_says_why_in_a_type_of_its_own(team, workspace):
    team.owner.post(f"{workspace}/archive")
    answer = team.collaborator.patch(f"/projects/{team.project['id']}", {"name": "New"})
    assert answer.status_code == 409
    assert answer.get_json()["type"] == "/problems/archived"
    assert team.viewer.patch(f"/projects/{team.project['id']}", {"name": "N"}).status_code == 403
    assert team.stranger.patch(f"/projects/{team.project['id']}", {"name": "N"}).status_code == 404


def test_a_guest_of_a_project_can_not_write_either(team, workspace):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.stranger.id],
        )
    project = f"/projects/{team.project['id']}"
    assert team.stranger.patch(project, {"name": "Mine"}).status_code == 200
    team.owner.post(f"{workspace}/archive")
    assert team.stranger.patch(project, {"name": "Again"}).get_json()["type"].endswith("archived")
    assert team.stranger.get(project).get_json()["name"] == "Mine"


def test_members_can_be_taken_out_of_an_archived_workspace_and_it_can_be_deleted(team, workspace):
    team.owner.post(f"{workspace}/archive")
    member = f"{workspace}/members/{team.viewer.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 409
    assert team.owner.delete(member).status_code == 204
    assert team.owner.delete(workspace).status_code == 204
    assert team.owner.get(workspace).status_code == 404


def test_everything_can_be_written_again_after_the_archive(team, workspace):
    project = f"/projects/{team.project['id']}"
    team.owner.post(f"{workspace}/archive")
    assert team.collaborator.patch(project, {"name": "New"}).status_code == 409
    team.owner.post(f"{workspace}/unarchive")
    assert team.collaborator.patch(project, {"name": "New"}).status_code == 200


def test_the_rooms_of_its_projects_hear_of_it(team, workspace, eventually):
    other = team.owner.post(f"{workspace}/projects", {"name": "Other"}).get_json()
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(*(keys.room(each["id"]) for each in (team.project, other)))
    eventually(lambda: listener.subscribed)
    team.owner.post(f"{workspace}/archive")
    told = [json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"]) for _ in "12"]
    listener.close()
    assert {message["type"] for message in told} == {"project-updated"}
    assert {message["data"]["project_id"] for message in told} == {team.project["id"], other["id"]}
    assert all(message["data"]["archived"] for message in told)


def test_no_write_commits_after_the_archive_however_many_are_under_way(team, workspace, eventually):
    path, stop, statuses = f"/files/{team.file['id']}/content", Event(), []

    def write(number):
        count = 0
        while not stop.is_set():
            count += 1
            body = {"content": f"{number} {count}"}
            statuses.append(team.collaborator.put(path, body).status_code)

    writers = [Thread(target=write, args=[number]) for number in range(6)]
    for writer in writers:
        writer.start()
    eventually(lambda: statuses.count(200) > 20)
    assert team.owner.post(f"{workspace}/archive").status_code == 200
    last = team.owner.get(f"/files/{team.file['id']}").get_json()["seq"]
    refused = len(statuses)
    eventually(lambda: len(statuses) > refused + 20)
    stop.set()
    for writer in writers:
        writer.join()
    assert team.owner.get(f"/files/{team.file['id']}").get_json()["seq"] == last
    assert set(statuses) == {200, 409}
    assert set(statuses[-10:]) == {409}
