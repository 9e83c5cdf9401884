"""Where somebody is logged in: the list of their sessions, and ending them."""

import pytest

from lib.ids import new_id
from lib.stores import postgres

PASSWORD = "correct horse battery staple"


@pytest.fixture
def on_device(api):
    """Log somebody in on another device; return the access token and the refresh token."""

    def log_in(who, agent):
        body = {"email": who.email, "password": PASSWORD}
        answer = api.post("/auth/login", body, headers={"User-Agent": agent})
        assert answer.status_code == 200
        return answer.get_json()

    return log_in


def bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def listed(who):
    return who.get("/auth/sessions").get_json()["items"]


def test_the_list_says_where_and_since_when_and_which_is_this(person, on_device, address):
    somebody, another = person(), person()
    on_device(somebody, "her phone")
    phone, first = listed(somebody)
    assert (phone["device"], phone["address"], phone["current"]) == ("her phone", address, False)
    assert (first["device"], first["current"]) == ("pytest", True)
    assert phone["created_at"] > first["created_at"]
    assert phone["last_seen_at"] == phone["created_at"] < phone["expires_at"]
    assert len(listed(another)) == 1


def test_a_refresh_is_seen(api, person):
    somebody = person()
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE sessions SET last_seen_at = last_seen_at - interval '1 day' WHERE user_id = %s",
            [somebody.id],
        )
    before = listed(somebody)[0]["last_seen_at"]
    somebody.get("/me")
    assert listed(somebody)[0]["last_seen_at"] == before  # no write for each request
    api.post("/auth/refresh", {"refresh_token": somebody.refresh_token})
    assert listed(somebody)[0]["last_seen_at"] > before


def test_one_session_is_ended_and_the_others_are_not(api, person, on_device):
    somebody = person()
    phone, tablet = on_device(somebody, "phone"), on_device(somebody, "tablet")
    (session,) = [each["id"] for each in listed(somebody) if each["device"] == "phone"]
    assert somebody.delete(f"/auth/sessions/{session}").status_code == 204
    assert api.get("/me", headers=bearer(phone)).status_code == 401
    refused = api.post("/auth/refresh", {"refresh_token": phone["refresh_token"]})
    assert refused.status_code == 401
    assert api.get("/me", headers=bearer(tablet)).status_code == 200
    assert [each["device"] for each in listed(somebody)] == ["tablet", "pytest"]
    assert somebody.delete(f"/auth/sessions/{session}").status_code == 404


def test_somebody_elses_session_does_not_exist(person):
    somebody, another = person(), person()
    session = listed(another)[0]["id"]
    assert somebody.delete(f"/auth/sessions/{session}").status_code == 404
    assert somebody.delete(f"/auth/sessions/{new_id()}").status_code == 404
    assert another.get("/me").status_code == 200


def test_the_others_are_ended_or_all(api, person, on_device):
    somebody, another = person(), person()
    phone = on_device(somebody, "phone")
    assert somebody.delete("/auth/sessions?keep=current").status_code == 204
    assert api.get("/me", headers=bearer(phone)).status_code == 401
    assert somebody.get("/me").status_code == 200
    assert somebody.delete("/auth/sessions").status_code == 204
    assert somebody.get("/me").status_code == 401
    assert another.get("/me").status_code == 200


@pytest.mark.parametrize("query", ["keep=others", "keep=", "keep=current&keep=current", "all=1"])
def test_a_query_that_says_something_else_ends_nothing(person, query):
    somebody = person()
    answer = somebody.delete(f"/auth/sessions?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"]
    assert somebody.get("/me").status_code == 200


def test_ended_and_expired_sessions_are_not_listed(person, on_device):
    somebody = person()
    on_device(somebody, "phone")
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE sessions SET expires_at = now() WHERE user_id = %s AND user_agent = 'phone'",
            [somebody.id],
        )
    assert [each["device"] for each in listed(somebody)] == ["pytest"]


def test_the_list_comes_in_pages(person, on_device):
    somebody = person()
    for number in range(4):
        on_device(somebody, f"device {number}")
    seen, path = [], "/auth/sessions?limit=2"
    while path:
        page = somebody.get(path).get_json()
        seen += [each["device"] for each in page["items"]]
        cursor = page["next_cursor"]
        path = f"/auth/sessions?limit=2&cursor={cursor}" if cursor else None
    assert seen == ["device 3", "device 2", "device 1", "device 0", "pytest"]


def test_two_sessions_that_end_each_other_wait_in_line(api, person, on_device, at_once):
    somebody = person()
    tokens = [bearer(on_device(somebody, "x")) for _ in range(4)]
    path = "/auth/sessions?keep=current"
    statuses = at_once(4, lambda n: api.delete(path, headers=tokens[n]).status_code)
    assert sorted(statuses) == [204, 401, 401, 401]


def test_each_ended_session_is_in_the_audit_log(person, on_device, address):
    somebody = person()
    on_device(somebody, "phone")
    ids = {each["id"] for each in listed(somebody)}
    somebody.delete("/auth/sessions")
    with postgres.connection() as conn:
        rows = conn.execute("SELECT event FROM audit_outbox ORDER BY id").fetchall()
    ended = [r["event"] for r in rows if r["event"]["action"] == "session.ended"]
    mine = [event for event in ended if event["address"] == address]
    assert {event["target_id"] for event in mine} == ids
    assert {event["details"]["reason"] for event in mine} == {"revoked"}
