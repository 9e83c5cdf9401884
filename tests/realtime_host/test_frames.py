"""What clients send wrong: named in an error, or, for broken WebSocket frames, closed by code."""

from __future__ import annotations

import json
import os
import struct

import pytest
from websocket import ABNF

CURSOR = {"file_id": None, "anchor": 1, "head": 2}


@pytest.fixture
def client(connect, team):
    return connect(team.collaborator, team.project["id"])


def _still_there(client):
    return client.ask("ping")["event"] == "ack"


@pytest.mark.parametrize(
    ("text", "status", "pointer"),
    [
        ("hello", 400, None),
        ("", 400, None),
        ("[" * 5000, 400, None),
        ("[]", 400, None),
        ("null", 400, None),
        ('{"event": "ping", "event": "ping"}', 400, None),
        ('{"event": "ping", "data": NaN}', 400, None),
        ('{"event": "cursor-update", "data": {"anchor": 1e999}}', 400, None),
        ('{"event": "ping", "data": {"x": "\\u0000"}}', 400, None),
        ('{"event": "ping", "data": {"x": "\\ud800"}}', 400, None),
        ("{}", 422, "/event"),
        ('{"event": 7}', 422, "/event"),
        ('{"event": "no-such"}', 422, "/event"),
        ('{"event": "ping", "to": "all"}', 422, "/to"),
        ('{"event": "ping", "id": {}}', 422, "/id"),
        ('{"event": "ping", "id": true}', 422, "/id"),
        ('{"event": "ping", "data": []}', 422, "/data"),
        ('{"event": "ping", "data": {"a/b": 1}}', 422, "/data/a~1b"),
        ('{"event": "cursor-update", "data": {"anchor": "3"}}', 422, "/data/anchor"),
        ('{"event": "cursor-update", "data": {"anchor": -1}}', 422, "/data/anchor"),
        ('{"event": "cursor-update", "data": {"anchor": 1.5}}', 422, "/data/anchor"),
        ('{"event": "cursor-update", "data": {"file_id": "x"}}', 422, "/data/file_id"),
        ('{"event": "file-change", "data": {"base": 0, "delta": []}}', 422, "/data/file_id"),
    ],
)
def test_a_mistake_is_named_and_the_connection_stays(client, text, status, pointer):
    client.socket.send(text)
    problem = client.expect("error")["data"]
    assert problem["status"] == status
    assert {"type", "title"} <= problem.keys()
    if pointer:
        assert pointer in [error["pointer"] for error in problem["errors"]]
    assert _still_there(client)


def test_an_error_carries_the_id_that_the_client_gave(client):
    assert client.ask("cursor-update", {"anchor": -1})["data"]["status"] == 422
    client.socket.send(json.dumps({"event": "no-such", "id": 42}))
    assert client.expect("error")["id"] == 42
    client.socket.send(json.dumps({"event": "no-such"}))
    assert "id" not in client.expect("error")


def test_an_edit_that_does_not_fit_is_named(client, team):
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"retain": 6}, {"insert": "!"}]}
    problem = client.ask("file-change", edit)["data"]
    assert problem["status"] == 422
    assert client.ask("file-change", edit | {"base": 7})["data"]["status"] == 422
    assert (
        client.ask("file-change", edit | {"delta": [{"retain": 1, "delete": 1}]})["event"]
        == "error"
    )


def test_binary_messages_are_refused_by_name(client):
    client.socket.send_binary(b"\x00\x01")
    assert "binary" in client.expect("error")["data"]["detail"]
    assert _still_there(client)


def test_a_message_over_the_limit_closes_with_1009(client):
    fits = json.dumps({"event": "ping", "data": {"pad": ""}})
    client.socket.send(fits.replace('""', '"' + "x" * (65536 - len(fits)) + '"'))
    assert client.expect("error")["data"]["status"] == 422
    client.socket.send("x" * 65537)
    assert client.closed() == 1009


def test_fragments_over_the_limit_close_with_1009(client):
    client.socket.send_frame(ABNF.create_frame("x" * 40000, ABNF.OPCODE_TEXT, 0))
    client.socket.send_frame(ABNF.create_frame("x" * 40000, ABNF.OPCODE_CONT, 1))
    assert client.closed() == 1009


def test_a_flood_of_empty_fragments_is_closed(client):
    client.socket.send_frame(ABNF.create_frame("", ABNF.OPCODE_TEXT, 0))
    flood = _frame(0x00, b"") * 1001
    client.socket.sock.sendall(flood)
    assert client.closed() == 1008


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"ab\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_invalid_utf8_closes_with_1007(client, payload):
    client.socket.sock.sendall(_frame(0x81, payload))
    assert client.closed() == 1007


def test_text_may_be_cut_within_a_character_with_pings_between(client):
    text = json.dumps({"event": "nö-such", "id": "é"}, ensure_ascii=False).encode()
    for at, byte in enumerate(text):
        first = at == 0
        frame = _frame((0x80 if at == len(text) - 1 else 0) | (1 if first else 0), bytes([byte]))
        ping = _frame(0x89, b"between") if at % 10 == 0 else b""
        client.socket.sock.sendall(frame + ping)
    assert client.expect("error")["id"] == "é"


def test_a_frame_may_arrive_byte_by_byte(client):
    for byte in _frame(0x81, b'{"event": "ping", "id": "slow"}'):
        client.socket.sock.sendall(bytes([byte]))
    assert client.expect("ack")["id"] == "slow"


def test_a_ping_is_answered_with_its_payload(client):
    client.socket.sock.sendall(_frame(0x89, b"are you there?"))
    opcode, data = client.socket.recv_data(control_frame=True)
    assert (opcode, data) == (ABNF.OPCODE_PONG, b"are you there?")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x81\x02hi",  # not masked
        b"\xc1\x80" + b"abcd",  # a reserved bit
        b"\x83\x80" + b"abcd",  # an unknown opcode
        b"\x8b\x80" + b"abcd",
        b"\x09\x80" + b"abcd",  # a ping in fragments
        b"\x89\xfe\x00\x7e" + b"abcd",  # a long ping
        b"\x80\x80" + b"abcd",  # a continuation of nothing
        b"\x01\x80abcd\x81\x80abcd",  # a new message inside another
        b"\x81\xfe\x00\x05" + b"abcd" + b"xxxxx",  # a length not written the shortest way
        b"\x81\xff\xff" + b"\x00" * 7 + b"abcd",
        b"\x88\x81" + b"abcd" + b"x",  # a close frame of one byte
    ],
)
def test_a_broken_frame_closes_with_1002(client, sent):
    client.socket.sock.sendall(sent)
    assert client.closed() == 1002


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 5000])
def test_a_close_code_that_nobody_may_send_closes_with_1002(client, code):
    client.socket.sock.sendall(_frame(0x88, struct.pack("!H", code)))
    assert client.closed() == 1002


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_a_close_is_answered_in_kind(client, code):
    client.socket.sock.sendall(_frame(0x88, struct.pack("!H", code) + b"bye"))
    assert client.closed(answering=code) == code
    try:
        assert client.socket.sock.recv(1) == b""
    except ConnectionResetError:
        return  # the client has answered the answer, on a connection that was over


def test_too_many_messages_are_refused_and_then_end_it(start_host, connect, team):
    strict = start_host(MESSAGES_PER_SECOND=1, BURST=5, REFUSALS=3)
    client = connect(team.viewer, team.project["id"], on=strict)
    for _ in range(30):
        client.send("cursor-update", CURSOR)
    assert client.closed() == 4429
    errors = [frame["data"]["type"] for frame in client.unread if frame["event"] == "error"]
    assert errors.count("/problems/too-many-messages") == 4


def _frame(first: int, payload: bytes) -> bytes:
    key = os.urandom(4)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    length = len(payload)
    head = (
        bytes([first, 0x80 | length]) if length < 126 else struct.pack("!BBH", first, 0xFE, length)
    )
    return head + key + masked
