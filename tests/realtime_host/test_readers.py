"""Readers that are slow, silent or gone: bounded, found out, and no burden to the others."""

from __future__ import annotations

import socket
import time

import pytest


@pytest.fixture
def impatient(start_host):
    """A host with short clocks and a small queue."""
    return start_host(
        QUEUE_BYTES=64 * 1024,
        SEND_BUFFER=16 * 1024,
        STALL=1.0,
        PING_EVERY=60.0,
        MESSAGES_PER_SECOND=10_000,
        BURST=10_000,
    )


def _shrink(client):
    client.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def test_a_reader_that_takes_nothing_is_closed_and_the_others_are_not_held_up(
    impatient, connect, team
):
    slow = connect(team.viewer, team.project["id"], on=impatient)
    _shrink(slow)
    sender = connect(team.collaborator, team.project["id"], on=impatient)
    reader = connect(team.owner, team.project["id"], on=impatient)
    filler = "x" * 20_000
    for seq in range(1, 41):
        edit = {"file_id": team.file["id"], "base": seq - 1, "delta": [{"insert": filler}]}
        if seq > 20:
            edit["delta"] = [{"delete": 20_000}, {"insert": filler}]
        assert sender.ask("file-change", edit)["event"] == "ack"
        assert reader.expect("file-change")["data"]["seq"] == seq
    assert reader.expect("user-left")["data"]["user"]["name"] == "Vera"
    assert any(line["action"] == "room.left" and line["code"] == 4408 for line in impatient.lines())


def test_a_slow_reader_gets_every_edit_and_the_latest_cursor(start_host, connect, team):
    host = start_host(SEND_BUFFER=16 * 1024, MESSAGES_PER_SECOND=100_000, BURST=100_000)
    slow = connect(team.viewer, team.project["id"], on=host)
    _shrink(slow)
    sender = connect(team.collaborator, team.project["id"], on=host)
    last = 20_000
    for position in range(1, last + 1):
        sender.send("cursor-update", {"file_id": team.file["id"], "anchor": position, "head": 0})
        if position % 4_000 == 0:
            edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "é" * 9_000}]}
            sender.send("file-change", edit | {"base": position // 4_000 - 1})
    sender.ask("ping")
    positions, edits = [], []
    while not positions or positions[-1] != last or len(edits) < 5:
        frame = slow.read()
        if frame["event"] == "cursor-update":
            positions.append(frame["data"]["anchor"])
        elif frame["event"] == "file-change":
            edits.append(frame["data"]["seq"])
    assert edits == [1, 2, 3, 4, 5]
    assert positions == sorted(positions)
    assert len(positions) < last  # it was slow indeed, and lost old cursors only


def test_a_silent_drop_is_found_by_ping(start_host, connect, team):
    host = start_host(PING_EVERY=0.5, PONG_WITHIN=0.5)
    watcher = connect(team.owner, team.project["id"], on=host)
    connect(team.viewer, team.project["id"], on=host)  # it never reads, so it never pongs
    watcher.expect("user-joined")
    started = time.monotonic()
    assert watcher.expect("user-left", within=5)["data"]["user"]["name"] == "Vera"
    assert time.monotonic() - started > 0.4


def test_a_reset_connection_leaves_at_once(connect, team):
    watcher = connect(team.owner, team.project["id"])
    gone = connect(team.viewer, team.project["id"])
    watcher.expect("user-joined")
    gone.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.socket.sock.close()
    assert watcher.expect("user-left", within=2)["data"]["user"]["name"] == "Vera"
