"""Clients of Socket.IO are in the same rooms as all others, told the same, held to the same."""

from __future__ import annotations

import json

import pytest

from lib.access.permissions import allows
from lib.bridge.messages import Message
from lib.stores import postgres
from realtime_host import frames
from realtime_host.events import all_events
from realtime_host.socketio import translation

SOON = 1.0  # seconds


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


def _edit(team, text="x", **more):
    return {"file_id": team.file["id"], "base": 0, "delta": [{"insert": text}]} | more


def _place(client):
    return {name: client.welcome["log"][name] for name in ("epoch", "seq")}


def test_the_opening_packet_tells_the_limits_and_the_welcome_comes_as_an_event(connect_io, team):
    client = connect_io(team.viewer, team.project["id"])
    assert client.opening["upgrades"] == []
    assert client.opening["pingInterval"] == 25_000
    assert client.opening["pingTimeout"] == 8_000
    assert client.opening["maxPayload"] == 65_536
    assert client.welcome["user"] == {"id": team.viewer.id, "name": "Vera"}
    assert client.welcome["role"] == "viewer"
    assert client.welcome["limits"]["frame_bytes"] == 65_536
    assert client.connected == {"sid": client.welcome["connection_id"]}
    assert client.opening["sid"] not in ("", client.connected["sid"])


def test_a_ticket_connects_as_a_token_does(knock, team):
    path = f"/projects/{team.project['id']}/ticket"
    ticket = team.viewer.post(path).get_json()["ticket"]
    client = knock().connect(ticket=ticket, project_id=team.project["id"])
    assert client.welcome["user"]["id"] == team.viewer.id


def test_a_personal_access_token_connects_with_what_its_scopes_allow(knock, team):
    body = {"name": "bot", "scopes": ["read"]}
    token = team.collaborator.post("/me/tokens", body).get_json()["token"]
    client = knock().connect(token=token, project_id=team.project["id"])
    assert client.welcome["user"]["id"] == team.collaborator.id
    assert client.ask("file-change", _edit(team))[0]["error"]["status"] == 403


def test_both_kinds_of_clients_hear_the_same_across_hosts(connect, connect_io, second, team):
    room = team.project["id"]
    plain, near = connect(team.owner, room), connect_io(team.viewer, room)
    far = connect_io(team.collaborator, room, on=second)
    assert plain.expect("user-joined")["data"]["user"]["name"] == "Vera"
    assert plain.expect("user-joined")["data"]["user"]["name"] == "Carl"
    assert near.told("user-joined") == [{"user": far.welcome["user"], "role": "collaborator"}]
    (data, seq) = far.ask("file-change", _edit(team, "oh, "))
    assert data["delta"] == [{"insert": "oh, "}]
    frame, told = plain.expect("file-change"), near.told("file-change")
    assert told == [frame["data"], frame["seq"]]
    assert seq == frame["seq"]
    assert far.heard("file-change") == []
    cursor = {"file_id": team.file["id"], "anchor": 1, "head": 2}
    assert near.ask("cursor-update", cursor) == [{}]
    assert far.told("cursor-update") == [plain.expect("cursor-update")["data"]]
    assert near.heard("cursor-update") == []


def test_a_tab_of_each_kind_is_one_person(connect, connect_io, team):
    room = team.project["id"]
    watcher = connect_io(team.owner, room)
    plain, packets = connect(team.viewer, room), connect_io(team.viewer, room)
    assert watcher.told("user-joined")[0]["user"]["name"] == "Vera"
    assert watcher.heard("user-joined") == []
    plain.close()
    assert packets.ask("ping") == [{}]
    assert watcher.heard("user-left") == []
    packets.send("41")
    assert watcher.told("user-left")[0]["user"]["name"] == "Vera"


def test_whoever_emits_without_a_callback_gets_the_event_alone_unless_it_fails(connect_io, team):
    client = connect_io(team.collaborator, team.project["id"])
    client.emit("cursor-update", {"anchor": 1, "head": 1})
    client.emit("cursor-update", {"anchor": -1})
    assert client.told("error")[0]["errors"][0]["pointer"] == "/data/anchor"
    client.emit("file-change", _edit(team))
    assert client.ask("file-change", _edit(team))[1] == client.welcome["log"]["seq"] + 2
    assert [seq for _, seq in client.heard("file-change")] == [client.welcome["log"]["seq"] + 1]
    assert client.unread == [packet for packet in client.unread if packet[0] == "2"]


def test_a_viewer_sees_everything_and_changes_nothing(connect, connect_io, team):
    plain = connect(team.owner, team.project["id"])
    client = connect_io(team.viewer, team.project["id"])
    refused = client.ask("file-change", _edit(team))
    assert (refused[0]["error"]["status"], len(refused)) == (403, 1)
    client.emit("file-change", _edit(team))
    assert client.told("error")[0]["type"] == "/problems/forbidden"
    assert plain.heard("file-change") == []
    with postgres.connection() as conn:
        found = conn.execute("SELECT seq FROM files WHERE id = %s", [team.file["id"]]).fetchone()
    assert found["seq"] == 0
    assert client.ask("cursor-update", {"anchor": 0, "head": 0}) == [{}]


@pytest.mark.parametrize("role", ["owner", "collaborator", "viewer"])
@pytest.mark.parametrize("name", sorted(all_events()))
def test_each_role_may_send_what_the_table_says(connect_io, team, role, name):
    client = connect_io(team.by_role()[role], team.project["id"])
    watcher = connect_io(team.owner, team.project["id"])
    valid = {"cursor-update": {"anchor": 0, "head": 0}, "file-change": _edit(team), "ping": {}}
    valid["authenticate"] = {"token": team.by_role()[role].token}
    answer = client.ask(name, valid[name])
    allowed = allows(all_events()[name].permission, role)
    assert ("error" in answer[0]) is not allowed
    if not allowed:
        assert answer[0]["error"]["status"] == 403
        assert watcher.heard(name) == []


def test_a_client_that_comes_back_gets_what_it_missed_once_and_in_order(connect_io, second, team):
    room = team.project["id"]
    away, writer = connect_io(team.viewer, room), connect_io(team.owner, room)
    place = _place(away)
    away.socket.shutdown()
    edits = [writer.ask("file-change", _edit(team, str(n)))[1] for n in range(3)]
    assert edits == [place["seq"] + n for n in (1, 2, 3)]
    back = connect_io(team.viewer, room, on=second, **place)
    assert back.welcome["log"] == place | {"resumed": True}
    assert [back.told("file-change")[1] for _ in edits] == edits
    writer.ask("file-change", _edit(team))
    assert back.told("file-change")[1] == edits[-1] + 1
    assert back.heard("file-change") == []


def test_a_client_that_can_not_go_on_is_told_to_load_the_state(connect_io, team):
    room = team.project["id"]
    place = _place(connect_io(team.viewer, room))
    ahead = connect_io(team.viewer, room, epoch=place["epoch"], seq=place["seq"] + 5)
    assert ahead.welcome["log"] == place | {"resumed": False}
    assert ahead.told("resync-required") == [{"reason": "ahead"}]


@pytest.mark.parametrize(
    ("change", "code", "kind"),
    [("logout", 4401, "unauthenticated"), ("remove", 4403, "not-found")],
)
def test_a_revoked_client_is_disconnected_for_good_and_told_why(
    connect_io, knock, team, change, code, kind
):
    room = team.project["id"]
    client = connect_io(team.viewer, room)
    if change == "logout":
        team.viewer.post("/auth/logout")
    else:
        team.owner.delete(f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}")
    assert client.closed(SOON) == code
    assert client.told("closing")[0]["code"] == code
    assert client.unread[-1] == ("41", "", None)  # what ends the official client's attempts
    auth = json.dumps({"token": team.viewer.token, "project_id": room})
    assert knock().refused(auth)["message"] == kind


def test_a_demoted_client_stays_and_can_no_longer_edit(connect_io, team):
    client = connect_io(team.collaborator, team.project["id"])
    assert client.ask("file-change", _edit(team))[1]
    path = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    team.owner.patch(path, {"role": "viewer"})
    assert client.ask("file-change", _edit(team))[0]["error"]["status"] == 403
    assert client.told("member-updated", SOON)[0]["role"] == "viewer"


def test_a_host_that_stops_asks_its_clients_to_come_back(start_host, connect_io, knock, team):
    leaver = start_host()
    client, guest = connect_io(team.viewer, team.project["id"], on=leaver), knock(leaver)
    leaver.process.terminate()
    assert client.closed() == 1012
    assert guest.closed() == 1012
    assert 0 <= client.told("reconnect")[0]["after_ms"] < 5000
    assert client.told("closing")[0]["code"] == 1012
    assert ("41", "", None) not in client.unread  # it comes back by itself
    assert leaver.process.wait(15) == 0


def test_the_host_pings_and_closes_whoever_does_not_answer(start_host, connect_io, knock, team):
    brisk = start_host(PING_EVERY=0.5, PONG_WITHIN=1.0)
    room = team.project["id"]
    lively, silent = connect_io(team.owner, room, on=brisk), connect_io(team.viewer, room, on=brisk)
    assert lively.told("user-left", 5)[0]["user"]["name"] == "Vera"
    assert silent.closed() == 1008
    pings = [packet for packet in lively.unread if packet[0] == "2"]
    assert len(pings) >= 2
    assert lively.ask("ping") == [{}]


def test_a_frame_is_translated_once_for_all_of_a_rooms_readers():
    frame = frames.of_message(Message.new("cursor-update", {"text": "é" * 100}))
    several = frame + frames.of_message(Message.new("project-updated", {"n": 1}, seq=7))
    before = translation.packets_of.cache_info().misses
    told = {translation.translated(several) for _ in range(100)}
    assert translation.packets_of.cache_info().misses == before + 2
    assert [b'42["project-updated",{"n":1},7]' in each for each in told] == [True]


@pytest.mark.parametrize("size", [0, 50, 125, 126, 5000, 65535, 65536, 200_000])
def test_frames_of_every_length_are_translated(size):
    data = {"text": 'é",":' * (size // 6), "data": {"data": [None, ',"data":']}}
    message = Message.new("file-change", data, seq=3)
    packets = translation.translated(frames.of_message(message) * 2)
    (packet,) = {bytes(packet) for packet in translation.split(packets)}
    payload = packet[packet.index(b'["file-change"') :]
    assert json.loads(payload) == ["file-change", data, 3]
