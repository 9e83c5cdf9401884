"""Where clients come from: told by trusted proxies alone, and how many may come from one place."""

from __future__ import annotations

import json

import pytest
import websocket

from lib.stores import postgres
from realtime_host.seats import neighbourhood

HERE = {"TRUSTED_PROXIES": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def behind(start_host):
    """A host behind a proxy on this machine, with room for two from each address."""
    return start_host(env=HERE | {"REALTIME_CONNECTIONS_PER_ADDRESS": "2"})


@pytest.fixture
def enter(behind, connect):
    """Come in through the proxy, which has been told so of the client's address."""

    def come_in(person, room, forwarded):
        header = [f"Authorization: Bearer {person.token}", f"X-Forwarded-For: {forwarded}"]
        return connect(None, room, on=behind, header=header)

    return come_in


def _refused(refusal, team, on, forwarded):
    bearer = {"Authorization": f"Bearer {team.viewer.token}", "X_Forwarded_For": forwarded}
    problem = refusal(team.project["id"], on=on, **bearer)
    return problem["status"], problem["type"]


CROWDED = (429, "/problems/too-many-connections")


def test_one_address_has_so_many_connections_and_others_have_their_own(
    enter, behind, refusal, team, eventually
):
    room = team.project["id"]
    first = enter(team.owner, room, "192.0.2.1")
    assert first.welcome["data"]["limits"]["connections_per_address"] == 2
    enter(team.collaborator, room, "192.0.2.1")
    assert _refused(refusal, team, behind, "192.0.2.1") == CROWDED
    assert _refused(refusal, team, behind, "6.6.6.6, 192.0.2.1") == CROWDED  # forged on the left
    enter(team.viewer, room, "192.0.2.2")
    first.close()
    eventually(lambda: _gets_in(enter, team.viewer, room, "192.0.2.1"))


def _gets_in(enter, person, room, address):
    try:
        return enter(person, room, address)
    except websocket.WebSocketBadStatusException:
        return None


def test_of_ipv6_a_network_counts_as_one_address(enter, behind, refusal, team):
    room = team.project["id"]
    enter(team.owner, room, "2001:db8:0:1::1")
    enter(team.owner, room, "2001:db8:0:1:ffff::2")
    assert _refused(refusal, team, behind, "2001:db8:0:1:abcd::3") == CROWDED
    enter(team.owner, room, "2001:db8:0:2::1")
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") == "192.0.2.1"


def test_the_bound_holds_before_anybody_is_looked_up(enter, behind, refusal, team):
    for _ in range(2):
        enter(team.owner, team.project["id"], "192.0.2.9")
    answer = refusal(
        team.project["id"], on=behind, Authorization="Bearer forged", X_Forwarded_For="192.0.2.9"
    )
    assert (answer["status"], answer["type"]) == CROWDED
    assert "2 connections" in answer["detail"]


def test_whoever_is_refused_keeps_no_seat(enter, behind, refusal, team):
    for _ in range(5):
        problem = refusal(
            team.project["id"], on=behind, Authorization="Bearer no", X_Forwarded_For="192.0.2.7"
        )
        assert problem["status"] == 401
    for _ in range(2):
        enter(team.owner, team.project["id"], "192.0.2.7")


def test_a_client_that_is_no_proxy_can_not_choose_its_address(connect, refusal, start_host, team):
    bare = start_host(CONNECTIONS_PER_ADDRESS=2)
    bearer = f"Authorization: Bearer {team.owner.token}"
    for last in (1, 2):
        header = [bearer, f"X-Forwarded-For: 192.0.2.{last}"]
        connect(None, team.project["id"], on=bare, header=header)
    assert _refused(refusal, team, bare, "192.0.2.3") == CROWDED


def test_clients_of_socketio_count_from_their_handshake_on(
    behind, enter, refusal, team, knock, eventually
):
    header = ["X-Forwarded-For: 192.0.2.20"]
    waiting = knock(behind, header=header)
    inside = knock(behind, header=header)
    inside.connect(token=team.owner.token, project_id=team.project["id"])
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        knock(behind, header=header)
    assert refused.value.status_code == 429
    assert json.loads(refused.value.resp_body)["type"] == CROWDED[1]
    assert _refused(refusal, team, behind, "192.0.2.20") == CROWDED
    waiting.socket.shutdown()
    eventually(lambda: _gets_in(enter, team.viewer, team.project["id"], "192.0.2.20"))
    inside.socket.shutdown()
    eventually(lambda: _gets_in(enter, team.viewer, team.project["id"], "192.0.2.20"))


def test_the_audit_log_names_the_clients_address_not_the_proxys(enter, team):
    client = enter(team.collaborator, team.project["id"], "203.0.113.5")
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["event"] == "ack"
    with postgres.connection() as conn:
        rows = conn.execute(
            """
            SELECT event ->> 'address' AS address FROM audit_outbox
            WHERE event ->> 'action' = 'file.edited' AND event #>> '{project_id}' = %s
            """,
            [team.project["id"]],
        ).fetchall()
    assert [row["address"] for row in rows] == ["203.0.113.5"]


def test_a_page_of_the_hosts_own_may_connect_through_a_proxy_that_ends_tls(behind, team):
    bearer = f"Authorization: Bearer {team.owner.token}"
    ours = f"https://127.0.0.1:{behind.port}"

    def open_page(*said):
        header = [bearer, *said]
        websocket.create_connection(
            behind.url(team.project["id"]), header=header, origin=ours, timeout=10
        ).shutdown()

    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        open_page()
    open_page("X-Forwarded-Proto: https")
