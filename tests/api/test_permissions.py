"""Every method of every route, called by everybody: the table of permissions decides."""

import time

import pytest

from lib.access import personal_tokens
from lib.access.permissions import PERMISSIONS, ROLES, Level
from lib.stores import postgres
from tests.api.walk import call, innermost_first, make_token, own_ids


def change(statement, *values):
    with postgres.connection() as conn:
        assert conn.execute(statement, list(values)).rowcount == 1


def database(ids):
    """What a refused call must leave as it was."""
    tables = (
        "workspaces", "workspace_members", "invitations", "projects", "project_members", "files",
        "file_updates", "jobs", "job_attempts", "uploads", "upload_parts", "schedules", "users",
        "sessions", "personal_tokens", "account_links", "webhook_endpoints", "webhook_secrets",
        "webhook_deliveries",
    )  # fmt: skip
    with postgres.connection() as conn:
        return [
            conn.execute(f"SELECT count(*), max(xmin::text::bigint) FROM {table}").fetchone()  # noqa: S608
            for table in (*tables, "audit_outbox")
        ]


def test_every_route_has_an_entry_and_every_entry_of_rest_a_route(route_methods):
    used = {route.permission for route in route_methods}
    assert len(route_methods) > 25
    assert used <= set(PERMISSIONS)
    assert set(PERMISSIONS) - used <= {"cursor.update"}  # what only sockets do


def revoke_session(owner, _forge):
    assert owner.post("/auth/logout").status_code == 204


def forge_token(owner, _forge):
    owner.token = owner.token[:-4] + "AAAA"


def expire_token(owner, forge):
    owner.token = forge(owner, exp=int(time.time()) - 1)


def expire_session(owner, _forge):
    current = [each for each in owner.get("/auth/sessions").get_json()["items"] if each["current"]]
    change("UPDATE sessions SET expires_at = now() WHERE id = %s", current[0]["id"])


def forge_personal_token(owner, _forge):
    owner.token = personal_tokens.fresh()


def expire_personal_token(owner, _forge):
    token = make_token(owner, ["read", "write"])
    owner.token = token["token"]
    assert owner.get("/me").status_code == 200
    change("UPDATE personal_tokens SET expires_at = now() WHERE id = %s", token["id"])


def revoke_personal_token(owner, _forge):
    session, token = owner.token, make_token(owner, ["read", "write"])
    owner.token = token["token"]
    assert owner.get("/me").status_code == 200
    headers = {"Authorization": f"Bearer {session}"}
    assert owner.delete(f"/me/tokens/{token['id']}", headers=headers).status_code == 204


LOSSES = {
    "nobody": None,
    "a forged token": forge_token,
    "an expired token": expire_token,
    "an expired session": expire_session,
    "a revoked session": revoke_session,
    "a forged personal token": forge_personal_token,
    "an expired personal token": expire_personal_token,
    "a revoked personal token": revoke_personal_token,
}


@pytest.mark.parametrize("what", LOSSES)
def test_without_a_live_session_only_public_routes_answer(
    route_methods, ids, team, api, forge, what
):
    lose = LOSSES[what]
    if lose:
        lose(team.owner, forge)
    who = team.owner if lose else api
    before = database(ids)
    for route in route_methods:
        if PERMISSIONS[route.permission].least is not Level.ANYONE:
            answer = call(route, who, ids)
            assert answer.status_code == 401, (route, answer.text)
            assert answer.content_type == "application/problem+json"
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert database(ids) == before


@pytest.mark.parametrize("scopes", [["read"], ["read", "write"]])
def test_a_personal_token_does_what_its_scopes_allow_and_nothing_else(
    route_methods, ids, team, scopes
):
    team.owner.token = make_token(team.owner, scopes)["token"]
    before, refused, served = database(ids), 0, 0
    for route in route_methods:
        grant = PERMISSIONS[route.permission].grant
        if grant in ("none", *scopes):
            continue
        answer = call(route, team.owner, ids)
        assert answer.status_code == 403, (route, answer.text)
        assert answer.get_json()["type"] == "/problems/insufficient-scope"
        assert answer.get_json()["required_scope"] == grant
        refused += 1
    assert database(ids) == before
    for route in sorted(route_methods, key=innermost_first):
        if PERMISSIONS[route.permission].grant in scopes:
            answer = call(route, team.owner, ids)
            assert answer.status_code not in (401, 403), (route, answer.text)
            if route.permission == "workspace.transfer":
                hand_back(team, team.owner, ids)
            served += 1
    assert refused > 10
    assert served > 10


def test_every_permission_says_what_tokens_may():
    for permission in PERMISSIONS.values():
        public = permission.least is Level.ANYONE
        assert (permission.grant == "none") == public, permission.name


@pytest.mark.parametrize("role", ["stranger", "viewer", "collaborator"])
def test_whom_the_table_refuses_is_refused_and_nothing_changes(route_methods, ids, team, role):
    who = team.by_role()[role]
    before, refused = database(ids), 0
    for route in route_methods:
        least = PERMISSIONS[route.permission].least
        if least <= Level.ACCOUNT or (role in ROLES and ROLES[role] >= least):
            continue
        answer = call(route, who, ids)
        expected = 404 if role == "stranger" else 403
        assert answer.status_code == expected, (route, answer.text)
        if expected == 403:
            assert answer.get_json()["required_role"] == least.name.lower()
        refused += 1
    assert refused > 5
    assert database(ids) == before


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_whom_the_table_allows_gets_through(route_methods, ids, team, role):
    who, served = team.by_role()[role], 0
    ids |= own_ids(who)
    for route in sorted(route_methods, key=innermost_first):
        least = PERMISSIONS[route.permission].least
        if least is Level.ANYONE or (least > Level.ACCOUNT and ROLES[role] < least):
            continue
        if route.permission in ENDS_SESSIONS:
            ids |= own_ids(who)
        others = {"project-member.leave": 409} | ({"member.leave": 409} if role == "owner" else {})
        assert_served(route, call(route, who, ids), others)
        if route.permission == "workspace.transfer":
            hand_back(team, who, ids)
        served += 1
    assert served > 10


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_in_the_archive_everything_is_read_and_nothing_is_written(route_methods, ids, team, role):
    archive = f"/workspaces/{team.workspace['id']}/archive"
    assert team.owner.post(archive).status_code == 200
    who, before, refused, read = team.by_role()[role], database(ids), 0, 0
    for route in route_methods:
        rule = PERMISSIONS[route.permission]
        if rule.least <= Level.ACCOUNT or ROLES[role] < rule.least:
            continue
        if route.method == "GET":
            answer = call(route, who, ids)
            missing = route.path.endswith("/artifact")  # no worker has made it
            assert answer.status_code == (404 if missing else 200), (route, answer.text)
            read += 1
        elif not rule.in_archive:
            answer = call(route, who, ids)
            assert answer.status_code == 409, (route, answer.text)
            assert answer.get_json()["type"] == "/problems/archived"
            refused += 1
    assert read > 8
    assert refused > 4 or role == "viewer"
    assert database(ids) == before


def assert_served(route, answer, others=None):
    """The caller got through; what the use case then says of the state of things is its own."""
    said = {
        "member.add": 422,  # nobody has the address
        "project-member.add": 422,
        "project.purge": 409,  # the project is not deleted yet
    } | (others or {})
    made_nothing = route.path.endswith("/artifact") and answer.status_code == 404
    assert (
        answer.status_code < 300 or answer.status_code == said.get(route.permission) or made_nothing
    ), (route, answer.status_code, answer.text)


ENDS_SESSIONS = ("session.end", "session.revoke", "account.delete")


def hand_back(team, who, ids):
    path = f"/workspaces/{ids['workspace_id']}/transfer"
    back = team.collaborator.post(path, {"user_id": who.id})
    assert back.status_code == 200, back.text


def test_an_owner_elsewhere_is_a_stranger_here(route_methods, ids, team, person):
    elsewhere = person("Else")
    assert elsewhere.post("/workspaces", {"name": "Mine"}).status_code == 201
    for route in route_methods:
        if PERMISSIONS[route.permission].least > Level.ACCOUNT:
            assert call(route, elsewhere, ids).status_code == 404, route


def test_a_removed_member_is_a_stranger_at_once(route_methods, ids, team):
    path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.viewer.get(f"/projects/{team.project['id']}").status_code == 200
    assert team.owner.delete(path).status_code == 204
    for route in route_methods:
        if PERMISSIONS[route.permission].least > Level.ACCOUNT:
            assert call(route, team.viewer, ids).status_code == 404, route


def stand(who, role, ids):
    """Make somebody a guest of the project, again where they have left it."""
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)"
            " ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role",
            [ids["project_id"], who.id, role],
        )


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_a_guest_is_refused_what_the_table_refuses_and_sees_no_workspace(
    route_methods, ids, team, role
):
    stand(team.stranger, role, ids)
    assert team.stranger.get(f"/projects/{team.project['id']}").get_json()["role"] == role
    before, refused = database(ids), set()
    for route in route_methods:
        rule = PERMISSIONS[route.permission]
        if rule.scope == "workspace":
            expected = 404
        elif rule.least > ROLES[role]:
            expected = 403
        else:
            continue
        answer = call(route, team.stranger, ids)
        assert answer.status_code == expected, (route, answer.text)
        refused.add(expected)
    assert refused == ({404} if role == "owner" else {403, 404})
    assert database(ids) == before


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_a_guest_is_served_what_the_table_allows(route_methods, ids, team, role):
    served = 0
    ids |= own_ids(team.stranger)
    for route in sorted(route_methods, key=innermost_first):
        rule = PERMISSIONS[route.permission]
        if rule.scope in ("none", "workspace") or rule.least > ROLES[role]:
            continue
        stand(team.stranger, role, ids)
        if route.permission in ENDS_SESSIONS:
            ids |= own_ids(team.stranger)
        assert_served(route, call(route, team.stranger, ids))
        served += 1
    assert served > 10


def test_an_owner_of_a_project_alone_can_delete_and_restore_it_and_nothing_above(ids, team):
    stand(team.stranger, "owner", ids)
    project = f"/projects/{team.project['id']}"
    assert team.stranger.delete(project).status_code == 204
    assert [p["id"] for p in team.stranger.get("/projects?deleted=true").get_json()["items"]] == [
        team.project["id"]
    ]
    assert team.stranger.post(f"{project}/restore").status_code == 200
    assert team.stranger.delete(f"/workspaces/{team.workspace['id']}").status_code == 404


def test_a_guest_of_a_project_is_a_stranger_to_its_workspace(route_methods, ids, team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.stranger.id],
        )
    assert team.stranger.get(f"/projects/{team.project['id']}").status_code == 200
    for route in route_methods:
        if PERMISSIONS[route.permission].scope == "workspace":
            assert call(route, team.stranger, ids).status_code == 404, route


def test_the_higher_of_two_roles_counts(team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.viewer.id],
        )
    assert team.viewer.get(f"/projects/{team.project['id']}").get_json()["role"] == "owner"
