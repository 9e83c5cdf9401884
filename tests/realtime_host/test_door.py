"""Who gets in, in which three ways, and every refusal: plain HTTP, before the upgrade."""

from __future__ import annotations

import time
from uuid import uuid4

import httpx
import pytest
from websocket import WebSocketBadStatusException

from lib.bridge import keys
from lib.http.headers import SECURE
from lib.stores import redis_tcp

ALLOWED = "https://app.example.com"
FOREIGN = (  # and what an inexact comparison would take for it
    "null",
    "https://evil.example.com",
    "https://app.example.com.evil.com",
    "https://app.example.community",
    "https://evilapp.example.com",
    "https://sub.app.example.com",
    "http://app.example.com",
    "https://app.example.com:444",
    "https://app.example.com/",
    "https://APP.example.com",
    "https://app.example.com@evil.com",
    "",
)


def _ticket(person, project_id):
    return person.post(f"/projects/{project_id}/ticket").get_json()["ticket"]


def test_a_ticket_opens_the_door_once(connect, refusal, team):
    room, ticket = team.project["id"], _ticket(team.viewer, team.project["id"])
    client = connect(None, room, query=f"?ticket={ticket}", origin=ALLOWED, suppress_origin=False)
    assert client.welcome["data"]["user"]["id"] == team.viewer.id
    assert refusal(room, f"?ticket={ticket}")["status"] == 401


def test_an_access_token_opens_the_door_as_header_or_subprotocol(connect, team):
    room = team.project["id"]
    assert connect(team.owner, room).welcome["data"]["role"] == "owner"
    client = connect(None, room, subprotocols=["bearer", team.viewer.token])
    assert client.socket.getsubprotocol() == "bearer"
    assert client.welcome["data"]["role"] == "viewer"


def test_without_proof_of_who_it_is_nobody_gets_in(refusal, team):
    room = team.project["id"]
    assert refusal(room)["status"] == 401
    assert refusal(room, Authorization="Basic b2xnYTpvbGdh")["status"] == 401
    assert refusal(room, Sec_WebSocket_Protocol="bearer")["status"] == 401
    assert refusal(room, Sec_WebSocket_Protocol=f"token, {team.owner.token}")["status"] == 401
    for ticket in ("", "x", "x" * 3000, "%00", "%F0%9F%98%80"):
        assert refusal(room, f"?ticket={ticket}")["status"] == 401


def test_forged_and_expired_tokens_are_refused(refusal, team, forge):
    room, now = team.project["id"], int(time.time())
    forged = [
        forge(team.owner, key="a-key-that-is-not-ours-but-long-enough-for-hs256"),
        forge(team.owner, algorithm="none", key=""),
        forge(team.owner, exp=now - 10, iat=now - 1000),
        forge(team.owner, exp=None),
        forge(team.owner, type="refresh"),
        forge(team.owner, sub=team.viewer.id),
        forge(team.owner, sid=str(uuid4())),
    ]
    for token in forged:
        assert refusal(room, Authorization=f"Bearer {token}")["status"] == 401
        assert refusal(room, Sec_WebSocket_Protocol=f"bearer, {token}")["status"] == 401
    assert refusal(room, Authorization=f"Bearer {_ticket(team.owner, room)}")["status"] == 401


def test_an_expired_ticket_is_refused(refusal, team):
    ticket = _ticket(team.viewer, team.project["id"])
    for key in redis_tcp.client().scan_iter(keys.ticket("*")):
        redis_tcp.client().pexpire(key, 1)
    assert refusal(team.project["id"], f"?ticket={ticket}")["status"] == 401


def test_a_ticket_of_another_project_is_refused_and_used_up(refusal, team):
    other = team.owner.post(
        f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"}
    ).get_json()
    ticket = _ticket(team.owner, other["id"])
    assert refusal(team.project["id"], f"?ticket={ticket}")["status"] == 401
    assert refusal(other["id"], f"?ticket={ticket}")["status"] == 401


def test_a_revoked_session_is_refused_by_token_and_by_ticket(refusal, team):
    room, ticket = team.project["id"], _ticket(team.viewer, team.project["id"])
    assert team.viewer.post("/auth/logout").status_code == 204
    assert refusal(room, Authorization=f"Bearer {team.viewer.token}")["status"] == 401
    assert refusal(room, f"?ticket={ticket}")["status"] == 401


def test_a_stranger_and_a_missing_project_look_the_same(refusal, team):
    foreign = refusal(team.project["id"], Authorization=f"Bearer {team.stranger.token}")
    missing = refusal(str(uuid4()), Authorization=f"Bearer {team.stranger.token}")
    assert foreign.pop("request_id") != missing.pop("request_id")
    assert foreign == missing
    assert foreign["status"] == 404


def test_an_ex_member_with_a_ticket_is_refused(refusal, team):
    room, ticket = team.project["id"], _ticket(team.viewer, team.project["id"])
    team.owner.delete(f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}")
    assert refusal(room, f"?ticket={ticket}")["status"] == 404


@pytest.mark.parametrize("origin", FOREIGN)
def test_other_websites_are_refused(refusal, team, origin):
    bearer = {"Authorization": f"Bearer {team.owner.token}"}
    assert refusal(team.project["id"], Origin=origin, **bearer)["status"] == 403


def test_the_allowed_website_and_the_hosts_own_pages_get_in(connect, host, team):
    for origin in (ALLOWED, host.http):
        connect(team.owner, team.project["id"], origin=origin, suppress_origin=False)


def test_what_is_no_handshake_is_a_bad_request(host, refusal, team):
    room, bearer = team.project["id"], {"Authorization": f"Bearer {team.owner.token}"}
    assert refusal(room, Sec_WebSocket_Key="short", **bearer)["status"] == 400
    assert refusal(room, Sec_WebSocket_Key="!" * 24, **bearer)["status"] == 400
    assert refusal(room, Sec_WebSocket_Version="8", **bearer)["status"] == 400
    assert httpx.get(f"{host.http}/ws/projects/{room}", headers=bearer).status_code == 400
    assert refusal("not-a-uuid", **bearer)["status"] == 404
    assert httpx.get(f"{host.http}/nowhere").status_code == 404


def test_compression_is_not_agreed_to(connect, team):
    offer = ["Sec-WebSocket-Extensions: permessage-deflate"]
    header = [f"Authorization: Bearer {team.owner.token}", *offer]
    client = connect(team.owner, team.project["id"], header=header)
    assert "sec-websocket-extensions" not in client.socket.getheaders()


def test_one_person_has_so_many_connections_and_no_more(
    connect, refusal, start_host, team, eventually
):
    small = start_host(CONNECTIONS_PER_PERSON=2, CONNECTIONS_PER_ROOM=3)
    room, bearer = team.project["id"], {"Authorization": f"Bearer {team.owner.token}"}
    first = connect(team.owner, room, on=small)
    connect(team.owner, room, on=small)
    assert refusal(room, on=small, **bearer)["type"] == "/problems/too-many-connections"
    connect(team.viewer, room, on=small)
    assert (
        refusal(room, on=small, Authorization=f"Bearer {team.collaborator.token}")["status"] == 429
    )
    first.close()
    eventually(lambda: _gets_in(connect, team, room, small))


def _gets_in(connect, team, room, small):
    try:
        return connect(team.collaborator, room, on=small)
    except WebSocketBadStatusException as refused:
        if refused.status_code != 429:
            raise
    return None


def test_health_and_readiness_and_figures(connect, host, team):
    connect(team.owner, team.project["id"])
    assert httpx.get(f"{host.http}/health").status_code == 200
    assert httpx.get(f"{host.http}/ready").json() == {
        "status": "ready",
        "stores": {"postgres": True, "redis": True},
    }
    figures = httpx.get(f"{host.http}/metrics").text
    assert "collab_connections_opened_total" in figures


def test_the_log_names_people_and_rooms_and_never_a_token(connect, host, team, eventually):
    ticket = _ticket(team.viewer, team.project["id"])
    connect(None, team.project["id"], query=f"?ticket={ticket}").close()
    connect(None, team.project["id"], subprotocols=["bearer", team.owner.token]).close()
    eventually(
        lambda: (
            {team.viewer.id, team.owner.id}
            <= {line.get("user_id") for line in host.lines() if line["action"] == "room.left"}
        )
    )
    text = host.log.read_text()
    assert "room.joined" in text
    assert ticket not in text
    assert team.owner.token not in text


def test_every_answer_of_the_host_carries_the_secure_headers(host, team):
    paths = ("/health", "/ready", "/metrics", "/nothing", f"/ws/projects/{team.project['id']}")
    for path in paths:
        for method in ("GET", "POST"):
            answer = httpx.request(method, host.http + path)
            assert SECURE.items() <= {n: answer.headers.get(n) for n in SECURE}.items(), path
            assert not any(c.isdigit() for c in answer.headers.get("Server", "")), "no version"
            assert "Set-Cookie" not in answer.headers
