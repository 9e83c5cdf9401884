"""Bad input to every route: a clear 4xx with a problem document, never a 500."""

import json

import pytest
from marshmallow import fields as ma

from lib.access.permissions import PERMISSIONS, Level
from lib.config import settings
from lib.stores import postgres
from tests.api.walk import webhook

STRANGE_BODIES = {
    "nothing": b"",
    "not JSON": b"{name: 1}",
    "cut off": b'{"name": "x',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 70 + b"]" * 70,
    "NaN": b'{"name": NaN}',
    "infinite": b'{"name": 1e999}',
    "five thousand digits": b'{"name": ' + b"9" * 5000 + b"}",
    "the same member twice": b'{"name": "a", "name": "b"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "an array": b"[]",
    "text": b'"name"',
    "a number": b"1",
    "null": b"null",
}
STRANGE_VALUES = [
    None, True, 0, -1, 1.5, "", " ", "x" * 100_000, [], {}, ["a"], {"a": 1}, {"$gt": ""},
    {"$where": "1"}, "'; DROP TABLE users; --", "a\nb", "../../etc/passwd", "<script>", 10**30,
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_limits(stack, monkeypatch):
    """Everything here comes from one address, and more of it than a person would send."""
    monkeypatch.setenv("RATE_LIMITS", "off")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def ids(team):
    ids = {"workspace_id": team.workspace["id"], "project_id": team.project["id"]}
    made = team.owner.post(f"/workspaces/{ids['workspace_id']}/invitations", {"role": "viewer"})
    ids |= {"invitation_id": made.get_json()["id"]}
    ids |= {"file_id": team.file["id"], "user_id": team.viewer.id, "job_id": team.file["id"]}
    ids |= {"session_id": team.file["id"], "token_id": team.file["id"]}
    ids |= {"upload_id": team.file["id"], "schedule_id": team.file["id"]}
    return ids | webhook(team)


@pytest.fixture
def writes(route_methods):
    """The methods that take a body."""
    return [route for route in route_methods if route.body_schema]


def check(answer, where):
    assert 400 <= answer.status_code < 500, (where, answer.status_code, answer.text)
    assert answer.content_type == "application/problem+json", where
    problem = answer.get_json()
    assert problem["status"] == answer.status_code
    assert {"type", "title", "request_id"} <= set(problem)
    return problem


@pytest.mark.parametrize("how", STRANGE_BODIES)
def test_a_strange_body_is_refused_by_every_route(how, writes, team, ids):
    assert len(writes) > 8
    for route in writes:
        answer = team.owner.send(
            route.method,
            route.url(**ids),
            data=STRANGE_BODIES[how],
            content_type="application/json",
        )
        problem = check(answer, route)
        assert problem["status"] in (400, 422), (route, problem)


def test_a_body_that_is_not_said_to_be_json_is_refused(writes, team, ids):
    kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/json; charset=utf-16",
    ]
    for route in writes:
        for kind in kinds:
            answer = team.owner.send(route.method, route.url(**ids), data=b"{}", content_type=kind)
            assert check(answer, route)["status"] == 415


def test_a_body_over_the_limit_is_refused(writes, team, ids):
    for route in writes:
        answer = team.owner.send(
            route.method, route.url(**ids), data=b" " * 1_100_000, content_type="application/json"
        )
        assert check(answer, route)["status"] == 413


def test_an_unknown_field_is_refused_with_a_pointer_to_it(writes, team, ids):
    for route in writes:
        problem = check(team.owner.send(route.method, route.url(**ids), {"role/x": 1}), route)
        assert "/role~1x" in [error["pointer"] for error in problem["errors"]], route


def test_a_missing_field_is_refused_with_a_pointer_to_it(writes, team, ids):
    seen = 0
    for route in writes:
        required = {n for n, f in route.body_schema().fields.items() if f.required}
        problem = (
            check(team.owner.send(route.method, route.url(**ids), {}), route) if required else {}
        )
        pointers = {error["pointer"] for error in problem.get("errors", [])}
        assert {f"/{name}" for name in required} <= pointers, route
        seen += len(required)
    assert seen > 10


def test_a_strange_value_in_any_field_is_refused_or_kept_as_it_is(writes, team, ids):
    for route in writes:
        for name, field in route.body_schema().fields.items():
            for value in STRANGE_VALUES:
                answer = team.owner.send(route.method, route.url(**ids), {name: value})
                assert answer.status_code < 500, (route, name, value, answer.text)
                wrong = isinstance(field, ma.String) and not isinstance(value, str)
                if wrong and not (value is None and field.allow_none):
                    pointers = [error["pointer"] for error in check(answer, route)["errors"]]
                    assert f"/{name}" in pointers, (route, name, value)


def test_a_member_that_only_the_server_sets_can_not_be_set(writes, team, ids):
    with postgres.connection() as conn:
        columns = {
            row["name"]
            for row in conn.execute(
                "SELECT column_name AS name FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            )
        }
    assert {"password_hash", "lease_token", "workspace_id", "digest", "revoked_at"} < columns
    for route in writes:
        for column in columns - set(route.body_schema().fields):
            problem = check(team.owner.send(route.method, route.url(**ids), {column: "x"}), route)
            assert f"/{column}" in [error["pointer"] for error in problem["errors"]]


def test_an_id_that_is_no_id_is_not_found(route_methods, team, ids):
    for route in route_methods:
        for name in [name for name in ids if f":{name}>" in route.path]:
            for wrong in (
                "1",
                "null",
                "%00",
                "..%2F..",
                "é",
                "0190aaaa-0000-7000-8000-00000000000g",
            ):
                answer = team.owner.send(route.method, route.url(**(ids | {name: wrong})), {})
                assert check(answer, route)["status"] == 404


def test_an_id_of_nothing_is_not_found(route_methods, team, ids):
    nothing = dict.fromkeys(ids, "0190aaaa-0000-7000-8000-000000000000")
    for route in route_methods:
        if PERMISSIONS[route.permission].least > Level.ACCOUNT:
            answer = team.owner.send(route.method, route.url(**nothing), {})
            assert check(answer, route)["status"] == 404


def test_a_method_that_is_not_offered_is_refused_with_those_that_are(route_methods, team, ids):
    offered = {}
    for route in route_methods:
        offered.setdefault(route.path, (route, set()))[1].add(route.method)
    for route, methods in offered.values():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = team.owner.send(method, route.url(**ids), {})
            assert check(answer, route)["status"] == 405
            assert methods <= set(answer.headers["Allow"].split(", "))


def test_a_path_that_is_not_there_is_a_problem_too(api):
    for path in ("/nothing", "/api/v1/workspaces/x/y/z", "/api/v1/%2e%2e/%2e%2e/lib/config"):
        assert api.send("GET", path).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "cursor=x", "cursor=%00", "cursor[$gt]=",
     "unknown=1", "limit=", "cursor=" + "A" * 5000, "limit=1e3", "limit=%F0%9F%8E%89"],
)  # fmt: skip
def test_a_strange_query_is_refused_by_every_list(query, team, ids):
    workspace, project = ids["workspace_id"], ids["project_id"]
    inside = [
        f"/workspaces/{workspace}/{name}"
        for name in ("projects", "members", "invitations", "webhooks")
    ]
    inside.append(f"{inside[-1]}/{ids['webhook_id']}/deliveries")
    for path in ("/workspaces", "/projects", f"/projects/{project}/files", "/auth/sessions",
                 "/me/tokens", *inside):  # fmt: skip
        problem = check(team.owner.get(f"{path}?{query}"), path)
        assert problem["status"] == 422
        assert problem["errors"]


def test_a_path_parameter_in_the_query_is_never_believed(team, person):
    elsewhere = person("Else").post("/workspaces", {"name": "Private"}).get_json()
    own = team.workspace["id"]
    answer = team.owner.get(f"/workspaces/{own}?workspace_id={elsewhere['id']}")
    assert answer.get_json()["id"] == own


def test_every_answer_carries_the_secure_headers_and_a_request_id(route_methods, api, team, ids):
    for route in route_methods:
        for who in (api, team.viewer):
            answer = who.send(route.method, route.url(**ids), {})
            headers = answer.headers
            assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["Referrer-Policy"] == "no-referrer"
            assert len(headers["X-Request-Id"]) >= 8
            assert "Server" not in headers
            assert "Set-Cookie" not in headers


def test_a_request_id_is_taken_over_unless_it_is_strange(api):
    sent = api.get("/health/live", headers={"X-Request-Id": "trace-0123456789"})
    assert sent.headers["X-Request-Id"] == "trace-0123456789"
    for strange in ("short", "x" * 200, 'a"b{c}defgh', "a b c d e f g"):
        answer = api.get("/health/live", headers={"X-Request-Id": strange})
        assert answer.headers["X-Request-Id"] != strange


def test_other_sites_are_answered_only_when_they_are_listed(api, monkeypatch, stack):
    with monkeypatch.context() as environment:
        environment.setenv("CORS_ORIGINS", "https://app.example.com")
        settings.cache_clear()
        listed = api.send("OPTIONS", "/workspaces", headers={"Origin": "https://app.example.com"})
        allowed = listed.headers.get("Access-Control-Allow-Origin")
        methods = listed.headers.get("Access-Control-Allow-Methods", "")
        others = [
            api.get("/health/live", headers={"Origin": origin}).headers
            for origin in ("https://evil.example.com", "null", "https://app.example.com.evil.com",
                           "http://app.example.com", "https://app.example.com:8443")
        ]  # fmt: skip
    settings.cache_clear()
    assert allowed == "https://app.example.com"
    assert "POST" in methods
    assert not any("Access-Control-Allow-Origin" in headers for headers in others)


def test_nothing_that_is_sent_shows_in_an_error_or_a_log_line(writes, team, ids, caplog):
    canary = "canary-0190aaaa"
    for route in writes:
        for name in route.body_schema().fields:
            answer = team.owner.send(
                route.method, route.url(**ids), {name: {"secret": canary}, "extra": canary}
            )
            assert canary not in answer.text, route
    assert caplog.records
    assert canary not in str([vars(record) for record in caplog.records])


def test_pages_follow_each_other_until_the_end(team):
    for n in range(5):
        body = {"path": f"file-{n}.md"}
        assert team.owner.post(f"/projects/{team.project['id']}/files", body).status_code == 201
    path, seen = f"/projects/{team.project['id']}/files?limit=2", []
    while path:
        answer = team.viewer.get(path)
        seen += [file["path"] for file in answer.get_json()["items"]]
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("<") if link else None
    assert seen == ["notes.md", *(f"file-{n}.md" for n in range(5))]
    assert json.loads(answer.text)["next_cursor"] is None
