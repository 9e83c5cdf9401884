"""Open sockets follow what people may do, within a second."""

from __future__ import annotations

import pytest

from lib.stores import postgres

SOON = 1.0  # seconds


def _members(team):
    return f"/workspaces/{team.workspace['id']}/members"


def test_a_removed_member_is_closed_and_gone_for_the_others(connect, team):
    watcher = connect(team.owner, team.project["id"])
    tabs = [connect(team.viewer, team.project["id"]) for _ in range(2)]
    team.owner.delete(f"{_members(team)}/{team.viewer.id}")
    assert [tab.closed(SOON) for tab in tabs] == [4403, 4403]
    assert watcher.expect("user-left")["data"]["user"]["id"] == team.viewer.id


def test_a_logged_out_session_is_closed_and_the_persons_other_one_is_not(connect, team, api):
    login = {"email": team.viewer.email, "password": "correct horse battery staple"}
    other = api.post("/auth/login", login).get_json()["access_token"]
    ends = connect(team.viewer, team.project["id"])
    stays = connect(None, team.project["id"], subprotocols=["bearer", other])
    assert team.viewer.post("/auth/logout").status_code == 204
    assert ends.closed(SOON) == 4401
    assert stays.ask("ping")["event"] == "ack"


def test_a_demoted_member_stays_and_can_no_longer_edit(connect, team):
    client = connect(team.collaborator, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["event"] == "ack"
    team.owner.patch(f"{_members(team)}/{team.collaborator.id}", {"role": "viewer"})
    refused = client.ask("file-change", edit)
    assert refused["data"]["status"] == 403  # at once: the check is inside the write
    told = client.expect("member-updated", within=SOON)["data"]
    assert told == {"user_id": team.collaborator.id, "role": "viewer"}


def test_a_promoted_member_can_edit(connect, team):
    client = connect(team.viewer, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["data"]["status"] == 403
    team.owner.patch(f"{_members(team)}/{team.viewer.id}", {"role": "collaborator"})
    client.expect("member-updated", within=SOON)
    client.expect("member-updated", within=SOON)  # the room's, and the one for this connection
    assert client.ask("file-change", edit)["event"] == "ack"


def test_a_deleted_project_tells_its_room_and_lets_everyone_go(connect, team):
    client = connect(team.viewer, team.project["id"])
    team.owner.delete(f"/projects/{team.project['id']}")
    assert client.closed(SOON) == 4403
    told = [frame["data"] for frame in client.unread if frame["event"] == "project-updated"]
    assert [change["deleted"] for change in told] == [True]


@pytest.mark.parametrize("how", ["removed", "leaves"])
def test_a_guest_is_in_the_room_until_the_role_ends(connect, team, how):
    members = f"/projects/{team.project['id']}/members"
    guest = {"email": team.stranger.email, "role": "viewer"}
    assert team.owner.post(members, guest).status_code == 201
    watcher = connect(team.owner, team.project["id"])
    client = connect(team.stranger, team.project["id"])
    assert client.welcome["data"]["role"] == "viewer"
    who, path = (team.owner, team.stranger.id) if how == "removed" else (team.stranger, "me")
    assert who.delete(f"{members}/{path}").status_code == 204
    assert client.closed(SOON) == 4403
    assert watcher.expect("user-left")["data"]["user"]["id"] == team.stranger.id


def test_whoever_leaves_the_workspace_is_let_go(connect, team):
    watcher, leaver = (connect(who, team.project["id"]) for who in (team.owner, team.viewer))
    assert team.viewer.delete(f"{_members(team)}/me").status_code == 204
    assert leaver.closed(SOON) == 4403
    told = watcher.expect("member-updated", within=SOON)["data"]
    assert told == {"user_id": team.viewer.id, "role": None}


def test_an_owner_who_hands_over_stays_with_the_lesser_role(connect, team):
    client = connect(team.owner, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["event"] == "ack"
    body = {"user_id": team.collaborator.id, "keep_role": "viewer"}
    path = f"/workspaces/{team.workspace['id']}/transfer"
    assert team.owner.post(path, body).status_code == 200
    assert client.ask("file-change", edit)["data"]["status"] == 403
    told = [client.expect("member-updated", within=SOON)["data"] for _ in "12"]
    roles = {change["user_id"]: change["role"] for change in told}
    assert roles == {team.collaborator.id: "owner", team.owner.id: "viewer"}


def test_a_change_in_the_workspace_tells_each_room_the_role_that_counts_there(connect, team):
    role_here = f"/projects/{team.project['id']}/members/{team.viewer.id}"
    assert team.owner.patch(role_here, {"role": "owner"}).status_code == 200
    projects = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(projects, {"name": "Other"}).get_json()
    here, there = (connect(team.collaborator, each["id"]) for each in (team.project, other))
    body = {"role": "collaborator"}
    assert team.owner.patch(f"{_members(team)}/{team.viewer.id}", body).status_code == 200
    told = [each.expect("member-updated", within=SOON)["data"] for each in (here, there)]
    assert [change["role"] for change in told] == ["owner", "collaborator"]
    assert connect(team.viewer, team.project["id"]).welcome["data"]["role"] == "owner"
    assert team.owner.delete(f"{_members(team)}/{team.viewer.id}").status_code == 204
    gone = [each.expect("member-updated", within=SOON)["data"] for each in (here, there)]
    assert [change["role"] for change in gone] == [None, None]


def test_somebody_who_accepts_an_invitation_comes_in(connect, refusal, team):
    link = team.owner.post(f"/workspaces/{team.workspace['id']}/invitations", {"role": "viewer"})
    token = {"Authorization": f"Bearer {team.stranger.token}"}
    assert refusal(team.project["id"], **token)["status"] == 404
    watcher = connect(team.owner, team.project["id"])
    body = {"token": link.get_json()["token"]}
    assert team.stranger.post("/invitations/accept", body).status_code == 200
    told = watcher.expect("member-updated", within=SOON)["data"]
    assert told == {"user_id": team.stranger.id, "role": "viewer"}
    assert connect(team.stranger, team.project["id"]).welcome["data"]["role"] == "viewer"


def test_in_an_archived_workspace_people_still_meet_and_no_edit_is_taken(connect, team):
    client = connect(team.collaborator, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["event"] == "ack"
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/archive").status_code == 200
    assert client.expect("project-updated", within=SOON)["data"]["archived"] is True
    refused = client.ask("file-change", edit | {"base": 1})["data"]
    assert (refused["status"], refused["type"]) == (409, "/problems/archived")
    assert client.ask("cursor-update", {"anchor": 0, "head": 0})["event"] == "ack"
    assert connect(team.viewer, team.project["id"]).welcome["event"] == "welcome"
    assert team.owner.get(f"/files/{team.file['id']}").get_json()["seq"] == 1


@pytest.mark.parametrize("role", ["viewer"])
def test_a_revocation_whose_message_was_lost_is_found_by_the_regular_check(
    start_host, connect, team, role
):
    watchful = start_host(RECHECK=0.5)
    client = connect(team.by_role()[role], team.project["id"], on=watchful)
    with postgres.connection() as conn:
        conn.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = %s", [team.viewer.id])
    assert client.closed(3) == 4401
