"""Members of a single project: guests, higher roles for members, and how both end."""

import json

import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp


@pytest.fixture
def project(team):
    return f"/projects/{team.project['id']}"


@pytest.fixture
def members(project):
    return f"{project}/members"


@pytest.fixture
def invite(team, members):
    """Give somebody a role on the project, as the owner."""

    def send(who, role="viewer", by=None):
        return (by or team.owner).post(members, {"email": who.email, "role": role})

    return send


def listed(answer):
    assert answer.status_code == 200, answer.text
    return {m["name"]: (m["role"], m["via"]) for m in answer.get_json()["items"]}


def recorded(team):
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'project_id' = %s"
            " AND event->>'action' LIKE 'project-member.%%' ORDER BY id",
            [team.project["id"]],
        )
        return [(row["event"]["action"], row["event"]["details"]) for row in rows]


def test_a_guest_reaches_the_project_and_what_is_in_it_and_nothing_of_the_workspace(
    team, project, invite
):
    assert team.stranger.get(project).status_code == 404
    answer = invite(team.stranger, "collaborator")
    assert answer.status_code == 201
    assert team.owner.get(answer.headers["Location"]).get_json() == answer.get_json()
    assert team.stranger.get(project).get_json()["role"] == "collaborator"
    file = f"/files/{team.file['id']}"
    assert team.stranger.put(f"{file}/content", {"content": "mine"}).status_code == 200
    assert team.stranger.post(f"{project}/ticket").status_code == 201
    assert team.stranger.get(f"{project}/jobs").status_code == 200
    (seen,) = team.stranger.get("/projects").get_json()["items"]
    assert (seen["name"], seen["workspace_name"]) == ("Launch", "Studio")
    workspace = f"/workspaces/{team.workspace['id']}"
    for path in ("", "/members", "/projects", "/audit"):
        assert team.stranger.get(f"{workspace}{path}").status_code == 404, path
    assert team.stranger.get("/workspaces").get_json()["items"] == []


def test_both_kinds_are_listed_with_where_their_role_comes_from(team, members, invite):
    invite(team.stranger)
    invite(team.viewer, "owner")
    everybody = {
        "Olga": ("owner", "workspace"),
        "Carl": ("collaborator", "workspace"),
        "Vera": ("owner", "project"),
        "Sam": ("viewer", "project"),
    }
    assert listed(team.stranger.get(members)) == everybody
    seen, path = {}, f"{members}?limit=1"
    while path:
        answer = team.viewer.get(path)
        seen |= listed(answer)
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == everybody
    one = team.collaborator.get(f"{members}/{team.stranger.id}").get_json()
    assert (one["email"], one["via"]) == (team.stranger.email, "project")


def test_a_member_of_the_workspace_gets_a_higher_role_on_one_project(
    team, project, members, invite
):
    assert team.viewer.patch(project, {"name": "x"}).status_code == 403
    path = f"{members}/{team.viewer.id}"
    answer = team.owner.patch(path, {"role": "collaborator"})
    assert (answer.status_code, answer.get_json()["via"]) == (200, "project")
    assert team.viewer.patch(project, {"name": "x"}).status_code == 200
    other = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    assert team.viewer.get(f"/projects/{other.get_json()['id']}").get_json()["role"] == "viewer"
    assert team.owner.delete(path).status_code == 204
    assert listed(team.owner.get(members))["Vera"] == ("viewer", "workspace")
    assert team.viewer.patch(project, {"name": "x"}).status_code == 403


@pytest.mark.parametrize("role", ["viewer", "collaborator"])
def test_a_role_that_the_workspace_covers_is_refused(team, members, invite, role):
    assert invite(team.collaborator, role).status_code == 409
    answer = team.owner.patch(f"{members}/{team.collaborator.id}", {"role": role})
    assert answer.status_code == 409
    assert listed(team.owner.get(members))["Carl"] == ("collaborator", "workspace")


def test_an_unknown_address_is_refused_with_a_pointer(team, members):
    answer = team.owner.post(members, {"email": "nobody@example.com", "role": "viewer"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/email"


def test_nobody_is_added_twice(team, invite):
    assert invite(team.stranger).status_code == 201
    assert invite(team.stranger, "owner").status_code == 409
    assert [action for action, _ in recorded(team)] == ["project-member.added"]


def test_somebody_who_can_not_reach_the_project_is_no_member_of_it(team, members):
    path = f"{members}/{team.stranger.id}"
    assert team.owner.get(path).status_code == 404
    assert team.owner.patch(path, {"role": "viewer"}).status_code == 404
    assert team.owner.delete(path).status_code == 404


def test_who_is_here_through_the_workspace_can_neither_be_removed_nor_leave(team, members):
    assert team.owner.delete(f"{members}/{team.viewer.id}").status_code == 409
    assert team.viewer.delete(f"{members}/me").status_code == 409
    assert team.owner.delete(f"{members}/me").status_code == 409
    assert team.stranger.delete(f"{members}/me").status_code == 404


def test_a_guest_who_leaves_or_is_removed_is_a_stranger_at_once(team, project, members, invite):
    for how in ("leaves", "is removed"):
        assert invite(team.stranger).status_code == 201
        assert team.stranger.get(project).status_code == 200
        who, path = (team.stranger, "me") if how == "leaves" else (team.owner, team.stranger.id)
        assert who.delete(f"{members}/{path}").status_code == 204
        assert team.stranger.get(project).status_code == 404, how
        assert team.stranger.get(f"/files/{team.file['id']}").status_code == 404, how
        assert team.stranger.get("/projects").get_json()["items"] == [], how
    assert recorded(team) == [
        ("project-member.added", {"email": team.stranger.email, "role": "viewer"}),
        ("project-member.left", {"was": "viewer"}),
        ("project-member.added", {"email": team.stranger.email, "role": "viewer"}),
        ("project-member.removed", {"was": "viewer"}),
    ]


def test_no_edit_of_a_guest_is_stored_after_their_removal(team, members, invite, at_once):
    assert invite(team.stranger, "collaborator").status_code == 201
    content, after = f"/files/{team.file['id']}/content", []

    def act(number):
        if number == 0:
            status = team.owner.delete(f"{members}/{team.stranger.id}").status_code
            after.append(team.owner.get(f"/files/{team.file['id']}").get_json()["seq"])
            return {status}
        return {
            team.stranger.put(content, {"content": f"{number} {n}"}).status_code for n in range(12)
        }

    removed, *written = at_once(5, act)
    assert removed == {204}
    assert set.union(*written) <= {200, 404}
    assert 404 in set.union(*written)
    assert after == [team.owner.get(f"/files/{team.file['id']}").get_json()["seq"]]


def test_only_owners_of_the_workspace_or_of_the_project_manage_members(
    team, members, invite, person
):
    for role in ("viewer", "collaborator", "owner"):
        guest, newcomer = person(role.title()), person("New")
        assert invite(guest, role).status_code == 201
        expected = 201 if role == "owner" else 403
        assert invite(newcomer, by=guest).status_code == expected
        expected = 200 if role == "owner" else 403
        mine = f"{members}/{guest.id}"
        assert guest.patch(mine, {"role": "owner"}).status_code == expected
    for who in (team.viewer, team.collaborator):
        assert invite(person("New"), by=who).status_code == 403
    assert invite(person("New"), by=team.stranger).status_code == 404


def test_who_is_taken_out_of_the_workspace_keeps_no_role_on_its_projects(team, project, invite):
    assert invite(team.viewer, "owner").status_code == 201
    path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.owner.delete(path).status_code == 204
    assert team.viewer.get(project).status_code == 404


def test_a_version_guards_a_change_of_role(team, members, invite):
    invite(team.stranger)
    path = f"{members}/{team.stranger.id}"
    tag = team.owner.get(path).headers["ETag"]
    first = team.owner.patch(path, {"role": "owner"}, headers={"If-Match": tag})
    second = team.owner.patch(path, {"role": "viewer"}, headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert team.owner.delete(path, headers={"If-Match": tag}).status_code == 412


def test_hosts_and_the_room_are_told(team, members, invite, eventually):
    invite(team.viewer, "owner")
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(keys.access(team.viewer.id), keys.room(team.project["id"]))
    eventually(lambda: listener.subscribed)
    assert team.owner.delete(f"{members}/{team.viewer.id}").status_code == 204
    told = [json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"]) for _ in "12"]
    listener.close()
    assert {message["type"]: message["data"] for message in told} == {
        "access-changed": {},
        "member-updated": {"user_id": team.viewer.id, "role": "viewer"},
    }
