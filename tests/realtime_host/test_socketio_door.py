"""Who gets in by Socket.IO and who does not; and what hostile clients of it achieve: nothing."""

from __future__ import annotations

import json
import os
import time
from uuid import uuid4

import httpx
import pytest
import websocket
from websocket import ABNF

from lib.bridge import keys
from lib.stores import redis_tcp
from tests.realtime_host.test_door import ALLOWED, FOREIGN

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def _ticket(person, project_id):
    return person.post(f"/projects/{project_id}/ticket").get_json()["ticket"]


def _get(host, query="EIO=4&transport=websocket", method="GET", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, f"{host.http}/socket.io/?{query}", headers=given)


@pytest.fixture
def refused(knock, team):
    """Connect with this `auth`, and return the name and the problem of the refusal."""

    def connect(on=None, **auth):
        client = knock(on)
        said = client.refused(json.dumps({"project_id": team.project["id"]} | auth))
        assert client.closed() == 1000
        assert said["data"]["type"] == f"/problems/{said['message']}"
        return said["message"], said["data"]

    return connect


@pytest.mark.parametrize("origin", FOREIGN)
def test_other_websites_are_refused_on_both_transports(host, origin):
    for query in ("EIO=4&transport=websocket", "EIO=4&transport=polling"):
        answer = _get(host, query, Origin=origin, **HANDSHAKE)
        assert (answer.status_code, answer.json()["code"]) == (403, 4)
        assert "access-control-allow-origin" not in answer.headers
    assert _get(host, "EIO=4&transport=polling", Origin=origin).status_code == 403


def test_the_allowed_website_and_the_hosts_own_pages_get_in(host, knock, team):
    for origin in (ALLOWED, host.http):
        client = knock(origin=origin, suppress_origin=False)
        client.connect(token=team.owner.token, project_id=team.project["id"])


@pytest.mark.parametrize(
    ("query", "method", "code"),
    [
        ("EIO=4&transport=polling", "GET", 0),
        ("EIO=4&transport=polling&sid=abc", "POST", 0),
        ("EIO=4", "GET", 0),
        ("EIO=4&transport=webtransport", "GET", 0),
        ("EIO=3&transport=websocket", "GET", 5),
        ("transport=websocket", "GET", 5),
        ("EIO=4&transport=websocket&sid=abc", "GET", 1),
        ("EIO=4&transport=websocket", "POST", 2),
        ("EIO=4&transport=websocket", "GET", 3),
    ],
)
def test_what_opens_no_websocket_is_refused_in_the_form_of_engine_io(host, query, method, code):
    answer = _get(host, query, method, Origin=ALLOWED)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert set(answer.json()) == {"code", "message"}
    assert answer.headers["access-control-allow-origin"] == ALLOWED  # so that its pages can read it
    if code != 3 and method == "GET":
        assert _get(host, query, **HANDSHAKE).json() == answer.json()


def test_a_bad_handshake_is_refused(host):
    for header, value in (("Sec-WebSocket-Key", "short"), ("Sec-WebSocket-Version", "8")):
        answer = _get(host, **(HANDSHAKE | {header: value}))
        assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert _get(host, method="POST", **HANDSHAKE).status_code in (400, 405)
    assert _get(host, method="DELETE").status_code == 405


def test_no_cookie_is_set_and_no_compression_agreed_to(knock, team):
    offer = ["Sec-WebSocket-Extensions: permessage-deflate"]
    client = knock(header=offer)
    names = client.socket.getheaders()
    assert "set-cookie" not in names
    assert "sec-websocket-extensions" not in names


def test_a_ticket_is_good_for_one_connection(knock, refused, team):
    ticket = _ticket(team.viewer, team.project["id"])
    knock().connect(ticket=ticket, project_id=team.project["id"])
    assert refused(ticket=ticket)[0] == "unauthenticated"


def test_an_expired_ticket_is_refused(refused, team):
    ticket = _ticket(team.viewer, team.project["id"])
    for key in redis_tcp.client().scan_iter(keys.ticket("*")):
        redis_tcp.client().pexpire(key, 1)
    assert refused(ticket=ticket)[0] == "unauthenticated"


def test_a_ticket_of_another_project_is_refused_and_used_up(refused, team):
    path = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(path, {"name": "Other"}).get_json()["id"]
    ticket = _ticket(team.owner, other)
    assert refused(ticket=ticket)[0] == "unauthenticated"
    assert refused(ticket=ticket, project_id=other)[0] == "unauthenticated"


def test_forged_and_expired_tokens_are_refused(refused, team, forge):
    now = int(time.time())
    forged = [
        forge(team.owner, key="a-key-that-is-not-ours-but-long-enough-for-hs256"),
        forge(team.owner, algorithm="none", key=""),
        forge(team.owner, exp=now - 10, iat=now - 1000),
        forge(team.owner, type="refresh"),
        forge(team.owner, sub=team.viewer.id),
        forge(team.owner, sid=str(uuid4())),
        _ticket(team.owner, team.project["id"]),
        "",
        "x" * 5000,
        "é",
    ]
    assert {refused(token=token)[0] for token in forged} == {"unauthenticated"}
    assert {refused(ticket=text)[0] for text in ("", "x" * 3000, "é")} == {"unauthenticated"}


def test_a_revoked_session_is_refused_by_token_and_by_ticket(refused, team):
    ticket = _ticket(team.viewer, team.project["id"])
    assert team.viewer.post("/auth/logout").status_code == 204
    assert refused(token=team.viewer.token)[0] == "unauthenticated"
    assert refused(ticket=ticket)[0] == "unauthenticated"


def test_a_stranger_and_a_missing_project_look_the_same(refused, team):
    foreign = refused(token=team.stranger.token)
    assert foreign[0] == "not-found"
    assert refused(token=team.stranger.token, project_id=str(uuid4())) == foreign


@pytest.mark.parametrize(
    ("payload", "kind", "pointer"),
    [
        ("", "validation-failed", "/auth/project_id"),
        ("{}", "validation-failed", "/auth/project_id"),
        ("[]", "validation-failed", "/auth"),
        ("null", "validation-failed", "/auth"),
        ("{", "bad-request", None),
        ('{"project_id": 7}', "validation-failed", "/auth/project_id"),
        ('{"project_id": "%s", "token": 7}', "validation-failed", "/auth/token"),
        ('{"project_id": "%s", "ticket": null}', "validation-failed", "/auth/ticket"),
        ('{"project_id": "%s", "role": "owner"}', "validation-failed", "/auth/role"),
        ('{"project_id": "%s", "epoch": "x"}', "validation-failed", "/auth/epoch"),
        ('{"project_id": "%s", "seq": -1}', "validation-failed", "/auth/seq"),
        ('{"project_id": "%s", "seq": "1"}', "validation-failed", "/auth/seq"),
        ('{"project_id": "%s", "seq": 1e30}', "validation-failed", "/auth/seq"),
        ('{"project_id": "%s", "seq": 1}', "validation-failed", "/auth/epoch"),
        ('{"project_id": "%s", "token": "a", "ticket": "b"}', "bad-request", None),
        ('{"project_id": "%s", "token": "\\ud800"}', "bad-request", None),
        ('{"project_id": "%s", "project_id": "%s"}', "bad-request", None),
        ('{"project_id": "%s"}', "unauthenticated", None),
        ("[" * 5000, "bad-request", None),
    ],
)
def test_a_malformed_auth_is_refused_with_a_pointer(knock, team, payload, kind, pointer):
    client = knock()
    said = client.refused(payload.replace("%s", team.project["id"]))
    assert said["message"] == kind
    if pointer:
        assert pointer in [error["pointer"] for error in said["data"]["errors"]]


def test_only_the_main_namespace_can_be_connected_to(knock, team):
    client = knock()
    client.send("40/admin,{}")
    assert client.expect("44", "/admin")[2]["message"] == "not-found"
    client.connect(token=team.owner.token, project_id=team.project["id"])
    client.send("40/other,")
    assert client.expect("44", "/other")[2]["message"] == "not-found"
    assert client.ask("ping") == [{}]


def test_a_client_that_does_not_connect_is_closed_in_time(start_host, knock):
    hasty = start_host(CONNECT_WITHIN=1.0)
    started = time.monotonic()
    idle, chatty = knock(hasty), knock(hasty)
    chatty.send("3")
    assert [client.closed(5) for client in (idle, chatty)] == [1008, 1008]
    assert 0.9 < time.monotonic() - started < 4


def test_idle_connections_keep_nobody_out(start_host, knock, connect_io, team):
    small = start_host(GUESTS=3)
    idle = [knock(small) for _ in range(5)]
    assert [guest.closed(2) for guest in idle[:2]] == [1013, 1013]
    assert connect_io(team.owner, team.project["id"], on=small).ask("ping") == [{}]
    assert idle[2].closed(2) == 1013
    for guest in idle[3:]:
        assert guest.connect(token=team.viewer.token, project_id=team.project["id"]).welcome


def test_before_it_connects_a_client_may_say_little(knock):
    talkers = {
        '42["file-change",{}]': 1008,
        "41": 1000,
        "1": 1000,
        "hello": 1002,
        "2": 1002,
        "2probe": 1002,
        "5": 1002,
        "47": 1002,
        "": 1002,
        "x" * 70_000: 1009,
    }
    for text, code in talkers.items():
        client = knock()
        client.send(text)
        assert client.closed() == code, text[:20]
    flood = knock()
    for _ in range(100):
        flood.socket.send_frame(ABNF.create_frame("3", ABNF.OPCODE_TEXT))
    assert flood.closed() == 4429
    binary = knock()
    binary.socket.send_binary(b"\x04")
    assert binary.closed() == 1002
    torn = knock()
    torn.socket.sock.sendall(b"\x81\x02hi")  # not masked
    assert torn.closed() == 1002


@pytest.mark.parametrize(
    "text", ["", "hello", "2", "2probe", "4", "47", "4[]", "0", "5", "6", "42" + "9" * 16 + "[]"]
)
def test_what_is_no_packet_closes_with_1002(connect_io, team, text):
    client = connect_io(team.owner, team.project["id"])
    client.send(text)
    assert client.closed() == 1002
    assert client.told("closing")[0]["code"] == 1002


@pytest.mark.parametrize(
    ("packet", "status", "pointer"),
    [
        ("42", 400, None),
        ("42{}", 400, None),
        ("42[]", 400, None),
        ('42["ping",{},{}]', 400, None),
        ('42["ping"', 400, None),
        ('42["ping",{"a":NaN}]', 400, None),
        ('42["ping",{"a":"\\u0000"}]', 400, None),
        ('42["ping",{"a":1,"a":1}]', 400, None),
        ("42" + "[" * 5000, 400, None),
        ("42[7]", 422, "/event"),
        ('42["no-such"]', 422, "/event"),
        ('42["welcome",{}]', 422, "/event"),
        ('42["ping",[]]', 422, "/data"),
        ('42["ping",null]', 422, "/data"),
        ('42["cursor-update",{"anchor":"3"}]', 422, "/data/anchor"),
        ('43["late"]', 400, None),
        ('44{"message":"no"}', 400, None),
        ("40{}", 400, None),
        ('451-["ping",{"_placeholder":true,"num":0}]', 400, None),
        ("461-[]", 400, None),
    ],
)
def test_a_mistake_is_named_and_the_connection_stays(connect_io, team, packet, status, pointer):
    client = connect_io(team.owner, team.project["id"])
    client.send(packet)
    problem = client.told("error")[0]
    assert problem["status"] == status
    if pointer:
        assert pointer in [error["pointer"] for error in problem["errors"]]
    assert client.ask("ping") == [{}]


def test_a_mistake_in_an_event_with_a_callback_is_named_to_the_callback(connect_io, team):
    client = connect_io(team.owner, team.project["id"])
    assert client.ask("no-such")[0]["error"]["status"] == 422
    client.send("427[")
    assert client.expect("43", "7")[2][0]["error"]["status"] == 400
    client.send('451-8["ping",{"_placeholder":true,"num":0}]')
    client.socket.send_binary(os.urandom(100))
    assert "binary" in client.expect("43", "8")[2][0]["error"]["detail"]
    assert "binary" in client.told("error")[0]["detail"]
    client.send('42000["ping"]')
    assert client.expect("43", "0")[2] == [{}]


def test_a_message_over_the_limit_closes_with_1009(connect_io, team):
    client = connect_io(team.owner, team.project["id"])
    fits = '42["ping",{"pad":""}]'
    client.send(fits.replace('""', '"' + "x" * (65536 - len(fits)) + '"'))
    assert client.told("error")[0]["status"] == 422
    client.send("42" + "x" * 65535)
    assert client.closed() == 1009


def test_a_flood_is_refused_and_then_ends_the_connection(start_host, connect_io, team):
    strict = start_host(MESSAGES_PER_SECOND=1, BURST=5, REFUSALS=3)
    client = connect_io(team.viewer, team.project["id"], on=strict)
    for _ in range(30):
        client.emit("cursor-update", {"anchor": 1, "head": 2})
    assert client.closed() == 4429
    errors = [p[2][1]["type"] for p in client.unread if p[0] == "42" and p[2][0] == "error"]
    assert errors.count("/problems/too-many-messages") == 4
    assert client.told("closing")[0]["code"] == 4429


def test_a_reader_too_slow_is_closed_and_the_others_are_not(start_host, connect_io, team):
    tight = start_host(
        QUEUE_BYTES=64 * 1024, SEND_BUFFER=4096, MESSAGES_PER_SECOND=5000, BURST=5000
    )
    room = team.project["id"]
    connect_io(team.viewer, room, on=tight)  # reads no more after its welcome
    writer = connect_io(team.owner, room, on=tight)
    path = f"/projects/{room}"
    for _ in range(600):
        team.owner.patch(path, {"name": "x" * 100, "description": "y" * 1800})
        if _slow_is_gone(writer):
            break
    else:
        raise AssertionError("the slow reader was never closed")
    assert 'connections_closed_total{code="4408"} 1' in httpx.get(f"{tight.http}/metrics").text


def _slow_is_gone(client):
    assert client.ask("ping") == [{}]
    return any(packet[0] == "42" and packet[2][0] == "user-left" for packet in client.unread)


def test_whoever_leaves_while_they_are_looked_up_keeps_no_seat(
    start_host, knock, connect_io, team, eventually
):
    small = start_host(CONNECTIONS_PER_PERSON=1)
    auth = json.dumps({"token": team.owner.token, "project_id": team.project["id"]})
    for _ in range(5):
        client = knock(small)
        client.send("40" + auth)
        client.socket.shutdown()
    eventually(lambda: _gets_in(connect_io, team, team.project["id"], small))


def test_while_a_store_is_away_a_client_is_closed_so_that_it_tries_again(
    knock, host, team, freeze, eventually
):
    room = team.project["id"]
    waiting = {"token": team.owner.token}, {"ticket": "x" * 43}
    for store, auth in zip(("postgres", "redis"), waiting, strict=True):
        client = knock()
        thaw = freeze(store)
        client.send("40" + json.dumps(auth | {"project_id": room}))
        assert client.closed() == 1013
        assert client.unread == []  # no CONNECT_ERROR: that would be for good
        thaw()
        eventually(lambda: httpx.get(f"{host.http}/ready").json().get("status") == "ready")
    knock().connect(token=team.owner.token, project_id=room)


def test_seats_are_the_same_for_both_kinds_of_clients(
    start_host, connect, connect_io, refused, team, eventually
):
    small = start_host(CONNECTIONS_PER_PERSON=2)
    room = team.project["id"]
    connect(team.owner, room, on=small)
    second = connect_io(team.owner, room, on=small)
    assert refused(small, token=team.owner.token)[0] == "too-many-connections"
    second.socket.shutdown()
    eventually(lambda: _gets_in(connect_io, team, room, small))


def _gets_in(connect_io, team, room, small):
    try:
        return connect_io(team.owner, room, on=small)
    except (AssertionError, websocket.WebSocketException):
        return None


def test_the_log_names_people_and_rooms_and_never_a_proof(
    connect_io, knock, host, team, eventually
):
    ticket = _ticket(team.viewer, team.project["id"])
    knock().connect(ticket=ticket, project_id=team.project["id"]).send("41")
    eventually(lambda: team.viewer.id in [line.get("user_id") for line in host.lines()])
    assert knock().refused(json.dumps({"token": team.owner.token}))["message"]
    text = host.log.read_text()
    assert "socketio.refused" in text
    assert ticket not in text
    assert team.owner.token not in text
