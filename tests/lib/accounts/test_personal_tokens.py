"""Personal access tokens: shown once, kept as digests, within a scope, revoked at once."""

import re
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from lib.access import lookups, personal_tokens
from lib.accounts.personal_tokens import MAX_TOKENS
from lib.stores import postgres
from lib.stores.connection import Connection


def make(who, scopes=("read", "write"), **more):
    answer = who.post("/me/tokens", {"name": "Script", "scopes": list(scopes)} | more)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def using(token):
    return {"Authorization": f"Bearer {token['token']}"}


def last_used(who, token):
    return who.get(f"/me/tokens/{token['id']}").get_json()["last_used_at"]


def test_a_token_is_shown_once_and_stored_as_a_digest(person):
    somebody = person()
    answer = somebody.post("/me/tokens", {"name": "Script", "scopes": ["read"]})
    token = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/me/tokens/{token['id']}"
    assert set(token) == {
        "id", "name", "scopes", "created_at", "expires_at", "last_used_at", "token",
    }  # fmt: skip
    (listed,) = somebody.get("/me/tokens").get_json()["items"]
    assert listed == {name: value for name, value in token.items() if name != "token"}
    assert somebody.get(f"/me/tokens/{token['id']}").get_json() == listed
    with postgres.connection() as conn:
        stored = [str(conn.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608
                  for table in ("personal_tokens", "audit_outbox")]  # fmt: skip
    assert token["id"] in stored[0]
    assert not any(token["token"] in text for text in stored)


def test_a_scanner_can_tell_a_token_from_what_only_looks_like_one():
    token = personal_tokens.fresh()
    assert re.fullmatch(r"pat_[0-9a-f]{72}", token)
    assert int(token[-8:], 16) == zlib.crc32(token[:-8].encode())
    assert len({personal_tokens.fresh() for _ in range(100)}) == 100


def test_it_is_used_like_an_access_token(team):
    token = make(team.owner)
    headers = using(token)
    project = f"/projects/{team.project['id']}"
    api = team.owner
    api.token = None
    assert api.get("/me", headers=headers).get_json()["id"] == team.owner.id
    assert api.get(project, headers=headers).get_json()["role"] == "owner"
    assert api.patch(project, {"name": "By script"}, headers=headers).status_code == 200


def test_it_reaches_as_far_as_its_owners_role_and_no_further(team):
    headers = using(make(team.viewer))
    team.viewer.token = None
    project = f"/projects/{team.project['id']}"
    assert team.viewer.get(project, headers=headers).get_json()["role"] == "viewer"
    refused = team.viewer.patch(project, {"name": "x"}, headers=headers)
    assert refused.get_json()["type"] == "/problems/forbidden"
    path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.owner.delete(path).status_code == 204
    assert team.viewer.get(project, headers=headers).status_code == 404


def test_a_token_that_reads_can_not_write(team):
    headers = using(make(team.owner, ["read"]))
    refused = team.owner.patch(f"/projects/{team.project['id']}", {"name": "x"}, headers=headers)
    problem = refused.get_json()
    assert (refused.status_code, problem["type"]) == (403, "/problems/insufficient-scope")
    assert problem["required_scope"] == "write"


def test_no_token_makes_tokens_or_changes_the_password(person):
    somebody = person()
    headers = using(make(somebody))
    body = {"name": "More", "scopes": ["read", "write"]}
    refused = somebody.post("/me/tokens", body, headers=headers)
    assert refused.status_code == 403
    assert refused.get_json()["required_scope"] == "account"
    assert len(somebody.get("/me/tokens").get_json()["items"]) == 1


def test_a_revoked_token_is_refused_at_once_and_the_others_are_not(person):
    somebody = person()
    one, other = make(somebody), make(somebody)
    assert somebody.delete(f"/me/tokens/{one['id']}").status_code == 204
    assert somebody.get("/me", headers=using(one)).status_code == 401
    assert somebody.get("/me", headers=using(other)).status_code == 200
    assert somebody.get(f"/me/tokens/{one['id']}").status_code == 404
    assert somebody.delete(f"/me/tokens/{one['id']}").status_code == 404


def test_somebody_elses_token_does_not_exist(person):
    somebody, another = person(), person()
    token = make(another)
    assert somebody.get(f"/me/tokens/{token['id']}").status_code == 404
    assert somebody.delete(f"/me/tokens/{token['id']}").status_code == 404
    assert somebody.get("/me/tokens").get_json()["items"] == []
    assert another.get("/me", headers=using(token)).status_code == 200


def test_an_expired_token_is_refused_and_still_listed(person):
    somebody = person()
    token = make(somebody, expires_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert somebody.get("/me", headers=using(token)).status_code == 200
    with postgres.connection() as conn:
        conn.execute("UPDATE personal_tokens SET expires_at = now() WHERE id = %s", [token["id"]])
    assert somebody.get("/me", headers=using(token)).status_code == 401
    assert len(somebody.get("/me/tokens").get_json()["items"]) == 1


def test_it_outlives_the_session_that_made_it(person):
    somebody = person()
    token = make(somebody)
    assert somebody.post("/auth/logout").status_code == 204
    assert somebody.get("/me").status_code == 401
    assert somebody.get("/me", headers=using(token)).status_code == 200


@pytest.mark.parametrize(
    "text",
    ["pat_", "pat_x", "pat_" + "0" * 72, "pat_" + "0" * 64 + "FFFFFFFF", "pat_" + "é" * 72,
     "pat_" + "0" * 30_000, "PAT_" + "0" * 72],
)  # fmt: skip
def test_what_can_be_no_token_is_refused_without_a_look(api, monkeypatch, text):
    monkeypatch.setattr(Connection, "execute", lambda *_: pytest.fail("it was looked up"))
    header = {"Authorization": f"Bearer {text}".encode().decode("latin-1")}
    assert api.get("/me", headers=header).status_code == 401


def test_a_token_with_one_digit_changed_is_refused(person):
    somebody = person()
    token = make(somebody)
    body = token["token"][:-8]
    body = body[:-1] + ("0" if body[-1] != "0" else "1")
    changed = {"token": f"{body}{zlib.crc32(body.encode()):08x}"}
    assert somebody.get("/me", headers=using(token)).status_code == 200
    assert somebody.get("/me", headers=using(changed)).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"scopes": []}, "/scopes"), ({"scopes": ["write"]}, "/scopes"),
     ({"scopes": ["account"]}, "/scopes"), ({"scopes": ["read", "account"]}, "/scopes"),
     ({"scopes": "read"}, "/scopes"), ({"scopes": ["read", "read"]}, "/scopes"),
     ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
     ({"expires_at": "9999-12-31T23:59:59-14:00"}, "/expires_at"),
     ({"expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
     ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"), ({"expires_at": 1}, "/expires_at"),
     ({"name": ""}, "/name"), ({"digest": "x"}, "/digest"), ({"user_id": "x"}, "/user_id"),
     ({"token": "x"}, "/token")],
)  # fmt: skip
def test_what_a_token_can_not_be_is_refused_with_a_pointer(person, body, pointer):
    answer = person().post("/me/tokens", {"name": "Script", "scopes": ["read"]} | body)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"][: len(pointer)] for error in answer.get_json()["errors"]}


def test_a_read_with_a_token_is_one_statement_and_its_use_noted_once_a_minute(team, monkeypatch):
    token = make(team.owner)
    path, statements = f"/projects/{team.project['id']}", []
    real = Connection.execute

    def execute(self, query, *args, **kwargs):
        statements.append(query)
        return real(self, query, *args, **kwargs)

    assert last_used(team.owner, token) is None
    assert team.owner.get(path, headers=using(token)).status_code == 200
    first = last_used(team.owner, token)
    assert first is not None
    monkeypatch.setattr(Connection, "execute", execute)
    assert team.owner.get(path, headers=using(token)).status_code == 200
    assert len(statements) == 1
    assert last_used(team.owner, token) == first


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_use_after_a_minute_is_noted_again_for_reads_and_writes(team, method):
    token = make(team.owner)
    path = f"/projects/{team.project['id']}"
    assert team.owner.get(path, headers=using(token)).status_code == 200
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE personal_tokens SET last_used_at = now() - interval '61 s' WHERE id = %s",
            [token["id"]],
        )
    before = last_used(team.owner, token)
    body = {"name": "New"} if method == "PATCH" else None
    assert team.owner.send(method, path, body, headers=using(token)).status_code == 200
    assert last_used(team.owner, token) > before


def test_many_writes_at_once_with_one_unused_token_all_succeed(team, at_once):
    token = make(team.owner)
    path = f"/projects/{team.project['id']}/files"

    def create(number):
        return team.owner.post(path, {"path": f"f{number}.md"}, headers=using(token)).status_code

    assert at_once(16, create) == [201] * 16
    assert last_used(team.owner, token) is not None


def test_a_person_has_fifty_tokens_at_most(person):
    somebody = person()
    for _ in range(MAX_TOKENS):
        make(somebody)
    refused = somebody.post("/me/tokens", {"name": "One more", "scopes": ["read"]})
    assert refused.status_code == 409
    assert len(somebody.get("/me/tokens?limit=200").get_json()["items"]) == MAX_TOKENS


def test_all_tokens_of_a_person_count_as_one_when_they_create(person):
    somebody = person()
    tokens = [make(somebody) for _ in range(2)]
    left = [
        int(somebody.post("/workspaces", {"name": "W"}, headers=using(token))
            .headers["RateLimit-Remaining"])
        for token in tokens
    ]  # fmt: skip
    assert left[1] == left[0] - 1


def test_a_retried_creation_makes_one_token_and_shows_its_text_again(person):
    somebody = person()
    headers = {"Idempotency-Key": "make-a-token"}
    body = {"name": "Script", "scopes": ["read"]}
    first, second = (somebody.post("/me/tokens", body, headers=headers) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert len(somebody.get("/me/tokens").get_json()["items"]) == 1
    with postgres.connection() as conn:
        kept = str(conn.execute("SELECT * FROM idempotency_keys").fetchall())
    assert first.get_json()["token"] not in kept


def test_the_audit_log_says_with_which_token_something_was_done(team, address):
    token = make(team.owner)
    team.owner.patch(f"/projects/{team.project['id']}", {"name": "X"}, headers=using(token))
    team.owner.delete(f"/me/tokens/{token['id']}")
    with postgres.connection() as conn:
        rows = conn.execute("SELECT collection, event FROM audit_outbox ORDER BY id").fetchall()
    mine = [row for row in rows if row["event"]["address"] == address][-3:]
    assert [row["event"]["action"] for row in mine] == [
        "token.created", "project.updated", "token.revoked",
    ]  # fmt: skip
    assert [row["event"]["token_id"] for row in mine] == [None, token["id"], None]
    assert [row["collection"] for row in mine] == ["auth_logs", "project_actions", "auth_logs"]


def test_a_version_that_is_not_the_one_meant_is_not_revoked(person):
    somebody = person()
    token = make(somebody)
    path = f"/me/tokens/{token['id']}"
    assert somebody.delete(path, headers={"If-Match": '"other"'}).status_code == 412
    etag = somebody.get(path).headers["ETag"]
    assert somebody.delete(path, headers={"If-Match": etag}).status_code == 204


def test_a_token_that_nobody_has_is_counted_for_nobody(stack):
    from lib.access.tokens import Claims
    from lib.errors import Unauthenticated

    digest = personal_tokens.digest(personal_tokens.fresh())
    with pytest.raises(Unauthenticated):
        lookups.subject(Claims(None, None, token_digest=digest))
