"""/metrics: figures that a monitor can read, and that follow what happens."""

from __future__ import annotations

import re

import httpx


def _figures(host):
    answer = httpx.get(host.http + "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'collab_[a-z_]+(\{[a-z]+="[^"]+"\})? [0-9.]+', each) for each in lines)
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_is_said_and_told_is_counted(start_host, connect, team):
    host = start_host()
    before = _figures(host)
    assert before["collab_connections"] == before["collab_frames_delivered_total"] == 0
    speaker, *readers = (
        connect(person, team.project["id"], on=host)
        for person in (team.viewer, team.owner, team.collaborator)
    )
    for place in range(5):
        speaker.send("cursor-update", {"anchor": place})
    assert speaker.ask("ping")["event"] == "ack"
    assert speaker.ask("cursor-update", {"anchor": -1})["event"] == "error"
    for reader in readers:
        while reader.expect("cursor-update")["data"]["anchor"] < 4:
            pass
    figures = _figures(host)
    assert figures["collab_connections"] == figures["collab_connections_opened_total"] == 3
    assert figures["collab_rooms"] == 1
    assert figures['collab_events_received_total{event="cursor-update"}'] == 5 + 1
    assert figures['collab_events_received_total{event="ping"}'] == 1
    assert figures["collab_errors_total"] == 1
    assert figures["collab_frames_fanned_out_total"] >= 5
    assert figures["collab_frames_delivered_total"] >= 5 * len(readers)
    buckets = [value for name, value in figures.items() if "delivery_seconds_bucket" in name]
    assert buckets == sorted(buckets)
    assert buckets[-1] == figures["collab_delivery_seconds_count"] >= 5 * len(readers)


def test_a_revocation_is_timed_to_the_end_of_the_connection(start_host, connect, team):
    host = start_host()
    client = connect(team.viewer, team.project["id"], on=host)
    assert _figures(host)["collab_revocation_seconds_count"] == 0
    team.owner.delete(f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}")
    assert client.closed() == 4403
    figures = _figures(host)
    assert figures["collab_revocation_seconds_count"] == 1
    assert 0 < figures["collab_revocation_seconds_sum"] < 5
    assert figures['collab_connections_closed_total{code="4403"}'] == 1


def test_the_limits_come_from_the_environment_and_are_in_the_welcome(start_host, connect, team):
    given = {
        "FRAME_BYTES": "2000",
        "MESSAGES_PER_SECOND": "7",
        "BURST": "9",
        "QUEUE_BYTES": "30000",
        "CONNECTIONS_PER_PERSON": "3",
        "CONNECTIONS_PER_ROOM": "4",
        "CONNECTIONS_PER_ADDRESS": "11",
        "PING_EVERY": "2m",
        "PONG_WITHIN": "3s",
        "REPLAY_EVENTS": "5",
    }
    host = start_host(env={f"REALTIME_{name}": value for name, value in given.items()})
    client = connect(team.viewer, team.project["id"], on=host)
    limits = client.welcome["data"]["limits"]
    told = {
        "frame_bytes": 2000,
        "messages_per_second": 7,
        "burst": 9,
        "queue_bytes": 30000,
        "connections_per_person": 3,
        "connections_per_room": 4,
        "connections_per_address": 11,
        "ping_seconds": 120,
        "pong_seconds": 3,
        "replay_events": 5,
    }
    assert told.items() <= limits.items()
    client.socket.send("x" * 2001)
    assert client.closed() == 1009


def test_guests_on_the_porch_are_counted(start_host, knock, team, eventually):
    host = start_host()
    assert _figures(host)["collab_guests"] == 0
    clients = [knock(host) for _ in range(3)]
    assert _figures(host)["collab_guests"] == 3
    clients[0].connect(token=team.viewer.token, project_id=team.project["id"])
    clients[1].socket.shutdown()
    eventually(lambda: _figures(host)["collab_guests"] == 1)
