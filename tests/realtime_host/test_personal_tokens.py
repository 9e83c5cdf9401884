"""Rooms entered with a personal access token: within its scope, and only while it lives."""

from __future__ import annotations

import pytest

from lib.access import personal_tokens
from lib.stores import postgres

SOON = 1.0  # seconds


@pytest.fixture
def make(team):
    """Make somebody a token; return it with its text."""

    def token(who, *scopes, **more):
        body = {"name": "Script", "scopes": list(scopes)} | more
        answer = who.post("/me/tokens", body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    return token


def by_header(token):
    return {"header": [f"Authorization: Bearer {token['token']}"]}


def by_subprotocol(token):
    return {"subprotocols": ["bearer", token["token"]]}


@pytest.fixture
def by_ticket(team):
    """Take a ticket with the token, and knock with that."""

    def knock(token):
        headers = {"Authorization": f"Bearer {token['token']}"}
        answer = team.owner.post(f"/projects/{team.project['id']}/ticket", headers=headers)
        assert answer.status_code == 201, answer.text
        return {"query": f"?ticket={answer.get_json()['ticket']}"}

    return knock


@pytest.fixture(params=["header", "subprotocol", "ticket"])
def knock(request, by_ticket):
    """Each way in."""
    ways = {"header": by_header, "subprotocol": by_subprotocol, "ticket": by_ticket}
    return ways[request.param]


def edit(team):
    return {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}


def test_every_way_in_leads_in(connect, team, make, knock):
    token = make(team.collaborator, "read", "write")
    client = connect(None, team.project["id"], **knock(token))
    assert client.welcome["data"]["user"]["id"] == team.collaborator.id
    assert client.ask("file-change", edit(team))["event"] == "ack"


def test_a_token_that_reads_sees_and_does_not_edit(connect, team, make, knock):
    client = connect(None, team.project["id"], **knock(make(team.collaborator, "read")))
    refused = client.ask("file-change", edit(team))
    assert refused["event"] == "error"
    assert refused["data"]["type"] == "/problems/insufficient-scope"
    assert refused["data"]["required_scope"] == "write"
    other = connect(team.owner, team.project["id"])
    assert other.ask("file-change", edit(team))["event"] == "ack"
    assert client.expect("file-change")["data"]["delta"]


def test_a_revoked_token_is_closed_within_a_second_and_the_session_is_not(
    connect, team, make, knock
):
    token = make(team.viewer, "read")
    ends = connect(None, team.project["id"], **knock(token))
    stays = connect(team.viewer, team.project["id"])
    assert team.viewer.delete(f"/me/tokens/{token['id']}").status_code == 204
    assert ends.closed(SOON) == 4401
    assert stays.ask("ping")["event"] == "ack"


def test_a_session_that_ends_leaves_the_token_in(connect, team, make):
    stays = connect(None, team.project["id"], **by_header(make(team.viewer, "read")))
    ends = connect(team.viewer, team.project["id"])
    assert team.viewer.delete("/auth/sessions").status_code == 204
    assert ends.closed(SOON) == 4401
    assert stays.ask("ping")["event"] == "ack"


def test_a_token_that_expires_is_closed_within_a_second_of_it(connect, team, make, knock):
    token = make(team.viewer, "read")
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE personal_tokens SET expires_at = now() + interval '2 s' WHERE id = %s",
            [token["id"]],
        )
    client = connect(None, team.project["id"], **knock(token))
    assert client.ask("ping")["event"] == "ack"
    assert client.closed(3) == 4401


def test_a_session_that_is_renewed_stays_beyond_its_old_end(connect, team, api):
    login = {"email": team.viewer.email, "password": "correct horse battery staple"}
    tokens = api.post("/auth/login", login).get_json()
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE sessions SET expires_at = now() + interval '4 s' WHERE user_id = %s",
            [team.viewer.id],
        )
    ends = connect(team.viewer, team.project["id"])
    stays = connect(None, team.project["id"], subprotocols=["bearer", tokens["access_token"]])
    renewed = api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    assert renewed.status_code == 200
    assert ends.closed(6) == 4401
    assert stays.ask("ping")["event"] == "ack"


def test_what_is_no_live_token_stays_outside(team, make, refusal):
    token = make(team.viewer, "read")
    assert team.viewer.delete(f"/me/tokens/{token['id']}").status_code == 204
    for text in (token["token"], personal_tokens.fresh(), "pat_x"):
        problem = refusal(team.project["id"], Authorization=f"Bearer {text}")
        assert problem["status"] == 401


def test_a_ticket_of_a_token_dies_with_it(team, make, by_ticket, refusal):
    token = make(team.owner, "read")
    query = by_ticket(token)["query"]
    assert team.owner.delete(f"/me/tokens/{token['id']}").status_code == 204
    assert refusal(team.project["id"], query)["status"] == 401


def test_a_stranger_stays_one_with_a_token(team, make, refusal):
    token = make(team.stranger, "read", "write")
    problem = refusal(team.project["id"], Authorization=f"Bearer {token['token']}")
    assert problem["status"] == 404


def test_a_deleted_account_is_closed_and_gone_for_the_others(connect, team, make):
    watcher = connect(team.owner, team.project["id"])
    with_token = connect(None, team.project["id"], **by_header(make(team.viewer, "read")))
    in_session = connect(team.viewer, team.project["id"])
    body = {"password": "correct horse battery staple"}
    assert team.viewer.send("DELETE", "/me", body).status_code == 204
    assert [client.closed(SOON) for client in (with_token, in_session)] == [4401, 4401]
    assert watcher.expect("member-updated")["data"] == {"user_id": team.viewer.id, "role": None}
    assert watcher.expect("user-left")["data"]["user"]["id"] == team.viewer.id


def test_a_changed_password_closes_the_other_sessions_sockets(connect, team, api):
    password = "correct horse battery staple"
    login = {"email": team.viewer.email, "password": password}
    other = api.post("/auth/login", login).get_json()["access_token"]
    ends = connect(None, team.project["id"], subprotocols=["bearer", other])
    stays = connect(team.viewer, team.project["id"])
    body = {"current_password": password, "new_password": "a quite different sentence"}
    assert team.viewer.post("/auth/password", body).status_code == 204
    assert ends.closed(SOON) == 4401
    assert stays.ask("ping")["event"] == "ack"
