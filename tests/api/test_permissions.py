"""Every method of every route, called by everybody: the table of permissions decides."""

import time
from uuid import uuid4

import pytest

from lib.access import personal_tokens
from lib.access.permissions import PERMISSIONS, ROLES, Level
from lib.stores import postgres

KIND = "test.matrix"
PASSWORD = "correct horse battery staple"

BODIES = {
    "account.register": {"email": "new@example.com", "name": "New", "password": "long enough"},
    "session.create": {"email": "new@example.com", "password": "long enough"},
    "session.refresh": {"refresh_token": "rt_unknown"},
    "account.update": {"name": "Renamed"},
    "account.delete": {"password": PASSWORD},
    "password.change": {"current_password": PASSWORD, "new_password": PASSWORD},
    "password.forgot": {"email": "new@example.com"},
    "password.reset": {"token": "unknown", "password": PASSWORD},
    "email.verify": {"token": "unknown"},
    "token.create": {"name": "Script", "scopes": ["read"]},
    "workspace.create": {"name": "Another"},
    "workspace.update": {"name": "Renamed"},
    "project.create": {"name": "Another"},
    "project.update": {"name": "Renamed"},
    "file.create": {"path": "another.md"},
    "file.update": {"content": "changed"},
    "job.submit": {"kind": KIND, "payload": {}},
    "member.update": {"role": "viewer"},
}


@pytest.fixture
def job_kind(stack):
    with postgres.connection() as conn:
        conn.execute(
            """
            INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)
            VALUES (%s, 'Nothing', '{"type": "object"}', 1) ON CONFLICT DO NOTHING
            """,
            [KIND],
        )


@pytest.fixture
def ids(team, job_kind):
    job = team.collaborator.post(
        f"/projects/{team.project['id']}/jobs", {"kind": KIND, "payload": {}}
    )
    assert job.status_code == 202, job.text
    return {
        "workspace_id": team.workspace["id"],
        "project_id": team.project["id"],
        "file_id": team.file["id"],
        "job_id": job.get_json()["id"],
        "user_id": team.collaborator.id,
    } | own_ids(team.owner)


def own_ids(who):
    """Another session and a token of somebody."""
    log_in(who)
    log_in(who)
    sessions = who.get("/auth/sessions").get_json()["items"]
    other = next(each["id"] for each in sessions if not each["current"])
    return {"session_id": other, "token_id": make_token(who, ["read"])["id"]}


def log_in(who):
    answer = who.post("/auth/login", {"email": who.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    who.token = answer.get_json()["access_token"]


def make_token(who, scopes):
    answer = who.post("/me/tokens", {"name": "Script", "scopes": scopes})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def change(statement, *values):
    with postgres.connection() as conn:
        assert conn.execute(statement, list(values)).rowcount == 1


def call(route, who, ids):
    body = BODIES.get(route.permission)
    if route.permission == "member.add":
        body = {"email": f"{uuid4().hex}@example.com", "role": "viewer"}
    assert (body is not None) == (route.body_schema is not None), f"give {route} a valid body"
    return who.send(route.method, route.url(**ids), body)


def database(ids):
    """What a refused call must leave as it was."""
    tables = ("workspaces", "workspace_members", "projects", "files", "file_updates", "jobs",
              "users", "sessions", "personal_tokens", "account_links")  # fmt: skip
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
    for route in sorted(route_methods, key=lambda r: (r.method == "DELETE", -r.path.count("/"))):
        grant = PERMISSIONS[route.permission].grant
        if grant in ("none", *scopes):
            continue
        answer = call(route, team.owner, ids)
        assert answer.status_code == 403, (route, answer.text)
        assert answer.get_json()["type"] == "/problems/insufficient-scope"
        assert answer.get_json()["required_scope"] == grant
        refused += 1
    assert database(ids) == before
    for route in sorted(route_methods, key=lambda r: (r.method == "DELETE", -r.path.count("/"))):
        if PERMISSIONS[route.permission].grant in scopes:
            answer = call(route, team.owner, ids)
            assert answer.status_code not in (401, 403), (route, answer.text)
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
    for route in sorted(route_methods, key=ends):
        least = PERMISSIONS[route.permission].least
        if least is Level.ANYONE or (least > Level.ACCOUNT and ROLES[role] < least):
            continue
        if route.permission in ENDS_SESSIONS:
            ids |= own_ids(who)
        answer = call(route, who, ids)
        acceptable = answer.status_code < 300 or (
            # nobody has the address that is added; no worker has made the artifact
            (route.permission == "member.add" and answer.status_code == 422)
            or (route.path.endswith("/artifact") and answer.status_code == 404)
            or (route.permission == "workspace.audit" and answer.status_code == 200)
        )
        assert acceptable, (route, answer.status_code, answer.text)
        served += 1
    assert served > 10


ENDS_SESSIONS = ("session.end", "session.revoke", "account.delete")


def ends(route):
    """What ends things comes last, and the innermost first; the account itself at the very end."""
    permission = route.permission
    ending = (permission == "account.delete", permission in ENDS_SESSIONS)
    return (*ending, route.method == "DELETE", -route.path.count("/"))


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


def test_a_guest_has_the_role_given_on_the_project_and_none_elsewhere(team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'viewer')",
            [team.project["id"], team.stranger.id],
        )
    assert team.stranger.get(f"/projects/{team.project['id']}").get_json()["role"] == "viewer"
    assert team.stranger.get(f"/workspaces/{team.workspace['id']}").status_code == 404
    assert team.stranger.patch(f"/projects/{team.project['id']}", {"name": "x"}).status_code == 403


def test_the_higher_of_two_roles_counts(team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.viewer.id],
        )
    assert team.viewer.get(f"/projects/{team.project['id']}").get_json()["role"] == "owner"
