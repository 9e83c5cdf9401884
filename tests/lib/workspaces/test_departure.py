"""Deleting one's account: what goes with it, what stays, and what stands in the way."""

import pytest

from lib.ids import new_id
from lib.stores import postgres

PASSWORD = "correct horse battery staple"


def delete(who, password=PASSWORD, **options):
    return who.send("DELETE", "/me", {"password": password}, **options)


def count(rows, *values):
    with postgres.connection() as conn:
        return conn.execute(f"SELECT count(*) AS n FROM {rows}", list(values)).fetchone()["n"]  # noqa: S608


def test_a_deleted_account_is_gone_with_all_that_is_its_own(api, person):
    somebody = person("Gone")
    workspace = somebody.post("/workspaces", {"name": "Mine alone"}).get_json()
    token = somebody.post("/me/tokens", {"name": "T", "scopes": ["read"]}).get_json()["token"]
    somebody.post("/auth/email/resend")
    assert delete(somebody).status_code == 204
    assert somebody.get("/me").status_code == 401
    assert api.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    again = {"email": somebody.email, "password": PASSWORD}
    assert api.post("/auth/login", again).status_code == 401
    refreshed = api.post("/auth/refresh", {"refresh_token": somebody.refresh_token})
    assert refreshed.status_code == 401
    assert count("workspaces WHERE id = %s", workspace["id"]) == 0
    for table in ("sessions", "personal_tokens", "account_links", "workspace_members"):
        assert count(f"{table} WHERE user_id = %s", somebody.id) == 0
    assert api.post("/auth/register", again | {"name": "New"}).status_code == 202
    assert api.post("/auth/login", again).status_code == 200


def test_others_keep_their_workspace_and_what_was_done_in_it(team):
    edit = f"/files/{team.file['id']}/content"
    assert team.collaborator.put(edit, {"content": "by Carl"}).status_code == 200
    assert delete(team.collaborator).status_code == 204
    members = team.owner.get(f"/workspaces/{team.workspace['id']}/members").get_json()["items"]
    assert {member["user_id"] for member in members} == {team.owner.id, team.viewer.id}
    file = team.owner.get(f"/files/{team.file['id']}").get_json()
    assert (file["content"], file["updated_by"]) == ("by Carl", None)


def test_the_last_owner_stays_while_others_are_there_and_nothing_has_changed(team):
    answer = delete(team.owner)
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/last-owner")
    assert problem["workspaces"] == [{"id": team.workspace["id"], "name": "Studio"}]
    assert team.owner.get("/me").status_code == 200
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 200
    assert delete(team.owner).status_code == 204
    assert team.collaborator.get(f"/projects/{team.project['id']}").status_code == 200


def test_a_guest_of_a_project_is_somebody_too(team, person):
    owner, guest = person(), person("Guest")
    workspace = owner.post("/workspaces", {"name": "Small"}).get_json()["id"]
    project = owner.post(f"/workspaces/{workspace}/projects", {"name": "P"}).get_json()["id"]
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'viewer')",
            [project, guest.id],
        )
    assert delete(owner).status_code == 409
    assert guest.get(f"/projects/{project}").status_code == 200


@pytest.mark.parametrize("password", ["not the password", PASSWORD.upper()])
def test_without_the_password_nothing_is_deleted(person, password):
    somebody = person()
    answer = delete(somebody, password)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/password"
    assert somebody.get("/me").status_code == 200


def test_two_owners_who_go_at_once_leave_an_owner_or_nothing(team, at_once):
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 200
    both = (team.owner, team.collaborator)
    statuses = at_once(2, lambda n: delete(both[n]).status_code)
    assert sorted(statuses) == [204, 409]
    owners = count("workspace_members WHERE workspace_id = %s AND role = 'owner'",
                   team.workspace["id"])  # fmt: skip
    assert owners == 1


def test_writes_that_are_under_way_end_before_the_account_does(team, at_once):
    path = f"/projects/{team.project['id']}/files"

    def act(number):
        if number == 7:
            return delete(team.collaborator).status_code
        return team.collaborator.post(path, {"path": f"f{number}.md"}).status_code

    statuses = at_once(16, act)
    assert statuses.pop(7) == 204
    assert set(statuses) <= {201, 401}
    files = count("files WHERE project_id = %s", team.project["id"])
    assert files == 1 + statuses.count(201)


def test_the_audit_log_keeps_who_it_was(team, address):
    assert delete(team.viewer).status_code == 204
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    mine = [row["event"] for row in rows if row["event"]["actor_id"] == team.viewer.id]
    assert [event["action"] for event in mine][-3:] == [
        "session.ended", "member.left", "account.deleted",
    ]  # fmt: skip
    assert {event["actor_email"] for event in mine} == {team.viewer.email}
    (left,) = [event for event in mine if event["action"] == "member.left"]
    assert left["workspace_id"] == team.workspace["id"]


def test_a_name_is_changed_and_seen_by_others(team):
    etag = team.viewer.get("/me").headers["ETag"]
    answer = team.viewer.patch("/me", {"name": "Veronica"}, headers={"If-Match": etag})
    assert answer.get_json()["name"] == "Veronica"
    assert team.viewer.get("/me").headers["ETag"] == answer.headers["ETag"]
    stale = team.viewer.patch("/me", {"name": "V"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    members = team.owner.get(f"/workspaces/{team.workspace['id']}/members").get_json()["items"]
    assert "Veronica" in {member["name"] for member in members}


def test_of_many_renames_of_one_version_one_succeeds(person, at_once):
    somebody = person()
    headers = {"If-Match": somebody.get("/me").headers["ETag"]}
    statuses = at_once(
        8, lambda n: somebody.patch("/me", {"name": f"N{n}"}, headers=headers).status_code
    )
    assert sorted(statuses) == [200] + [412] * 7


@pytest.mark.parametrize("field", ["email", "email_verified", "id", "password_hash", "created_at"])
def test_nothing_but_the_name_can_be_changed(person, field):
    somebody = person()
    answer = somebody.patch("/me", {"name": "New", field: str(new_id())})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == f"/{field}"
    assert somebody.get("/me").get_json()["name"] == "Somebody"
