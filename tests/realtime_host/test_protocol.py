"""The receiving half of RFC 6455, against an echo behind the host's sockets: which bytes do what.

The rows follow the sections of Autobahn|Testsuite, which can be run against the same echo.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib.emulator import ports

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 10.0  # seconds
ECHO_BYTES = 256 * 1024  # the longest message

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
WORDS = "Hello-µ@ßöäüàá-UTF-8!!".encode()
EMOJI = "🎉".encode()
LONG = b"*" * 65_536


def frame(opcode, payload=b"", *, fin=True, rsv=0, masked=True):
    """One frame, as a client sends it unless told otherwise."""
    first, length = (0x80 if fin else 0) | rsv << 4 | opcode, len(payload)
    if length < 126:
        head = bytes((first, masked << 7 | length))
    elif length < 65_536:
        head = struct.pack("!BBH", first, masked << 7 | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked << 7 | 127, length)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def fragments(opcode, *pieces, between=b""):
    """One message in so many frames, with other frames between them."""
    last = len(pieces) - 1
    return between.join(
        frame(opcode if i == 0 else CONT, piece, fin=i == last) for i, piece in enumerate(pieces)
    )


def closing(code=None, reason=b""):
    """A close frame."""
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def closed(code):
    """What a close frame with a code is read as; the reason is free."""
    return (CLOSE, code)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """The address of an echo server that runs for this module."""
    (port,) = ports.pick(1)
    command = [sys.executable, "-m", "gunicorn", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    with (tmp_path_factory.mktemp("echo") / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "tests.realtime_host.echo:app"],
            cwd=ROOT, env=os.environ | {"ECHO_BYTES": str(ECHO_BYTES)}, stderr=log,
        )  # fmt: skip
    yield "127.0.0.1", port
    process.terminate()
    process.wait(30)


@pytest.fixture
def sock(echo):
    """A socket behind its handshake."""
    deadline = time.monotonic() + 30
    while True:
        try:
            sock = socket.create_connection(echo, WITHIN)
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    assert b"Extensions" not in head
    with sock:
        yield sock


def _take(sock, size):
    taken = b""
    while len(taken) < size:
        piece = sock.recv(size - len(taken))
        assert piece, "the connection ended"
        taken += piece
    return taken


def read(sock):
    """The next frame, which is whole and not masked: its opcode, and its payload or close code."""
    first, length = _take(sock, 2)
    if length > 125:
        size = 2 if length == 126 else 8
        length = int.from_bytes(_take(sock, size), "big")
    payload = _take(sock, length)
    assert first & 0xF0 == 0x80
    return first & 0x0F, int.from_bytes(payload[:2], "big") if first == 0x88 else payload


PINGED = frame(PING, b"between")
EVERY_BYTE = [bytes((byte,)) for byte in WORDS]

ANSWERED = {
    # section 1: messages of all lengths
    **{f"1.1 text of {n}": (frame(TEXT, b"*" * n), [(TEXT, b"*" * n)])
       for n in (0, 1, 2, 3, 125, 126, 127, 128, 65_535, 65_536)},
    **{f"1.2 binary of {n}": (frame(BINARY, b"\xfe" * n), [(BINARY, b"\xfe" * n)])
       for n in (0, 1, 125, 126, 127, 128, 65_535, 65_536)},
    # section 2: pings and pongs
    "2.1 empty ping": (frame(PING), [(PONG, b"")]),
    "2.3 ping with bytes": (frame(PING, b"\0\xff\xfe"), [(PONG, b"\0\xff\xfe")]),
    "2.4 longest ping": (frame(PING, b"\xfe" * 125), [(PONG, b"\xfe" * 125)]),
    "2.7 unasked pong": (frame(PONG, b"x") + frame(PING, b"y"), [(PONG, b"y")]),
    "2.10 ten pings": (b"".join(frame(PING, bytes((n,))) for n in range(10)),
                       [(PONG, bytes((n,))) for n in range(10)]),
    # section 5: fragments
    "5.3 two fragments": (fragments(TEXT, b"one", b"two"), [(TEXT, b"onetwo")]),
    "5.6 a ping between": (fragments(TEXT, b"one", b"two", between=PINGED),
                           [(PONG, b"between"), (TEXT, b"onetwo")]),
    "5.8 a binary one": (fragments(BINARY, b"\xfe", b"", b"\xff", between=PINGED),
                         [(PONG, b"between")] * 2 + [(BINARY, b"\xfe\xff")]),
    "5.19 two messages": (fragments(TEXT, b"a", b"b", between=PINGED) + frame(BINARY, b"c"),
                          [(PONG, b"between"), (TEXT, b"ab"), (BINARY, b"c")]),
    # section 6: UTF-8
    "6.1 empty fragments": (fragments(TEXT, b"", b"", b""), [(TEXT, b"")]),
    "6.1 empty around": (fragments(TEXT, b"", b"middle", b""), [(TEXT, b"middle")]),
    "6.2 whole": (frame(TEXT, WORDS), [(TEXT, WORDS)]),
    "6.2 byte by byte": (fragments(TEXT, *EVERY_BYTE), [(TEXT, WORDS)]),
    "6.5 four bytes": (frame(TEXT, EMOJI), [(TEXT, EMOJI)]),
    "6.5 four fragments": (fragments(TEXT, *[bytes((b,)) for b in EMOJI]), [(TEXT, EMOJI)]),
    "6.7 first and last": (frame(TEXT, b"\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xf4\x8f\xbf\xbf"),
                           [(TEXT, b"\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xf4\x8f\xbf\xbf")]),
    "6.22 noncharacters": (frame(TEXT, "\ufffe\uffff\U0001fffe".encode()),
                           [(TEXT, "\ufffe\uffff\U0001fffe".encode())]),
    # section 9: long ones
    "9.1 long text": (frame(TEXT, 4 * LONG), [(TEXT, 4 * LONG)]),
    "9.2 long binary": (frame(BINARY, 4 * LONG), [(BINARY, 4 * LONG)]),
    "9.3 long in fragments": (fragments(TEXT, *[LONG[:1024]] * 256), [(TEXT, 4 * LONG)]),
    # section 10: a payload that is a fragment long, exactly
    "10.1 to the byte": (fragments(TEXT, LONG[:1300], LONG[1300:]), [(TEXT, LONG)]),
}  # fmt: skip

ENDED = {
    # section 2: a ping that is too long
    "2.5 long ping": (frame(PING, b"x" * 126), 1002),
    # section 3: reserved bits
    **{f"3.{rsv} reserved bits": (frame(TEXT, b"x", rsv=rsv), 1002) for rsv in range(1, 8)},
    "3.8 on a ping": (frame(PING, rsv=4), 1002),
    "3.9 on a close": (frame(CLOSE, rsv=1), 1002),
    # section 4: opcodes
    **{f"4 opcode {opcode}": (frame(opcode, b"x"), 1002)
       for opcode in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)},
    # section 5: fragments out of order
    "5.1 ping in fragments": (fragments(PING, b"a", b"b"), 1002),
    "5.2 pong in fragments": (fragments(PONG, b"a", b"b"), 1002),
    "5.9 nothing to continue": (frame(CONT, b"x"), 1002),
    "5.11 nor with more": (frame(CONT, b"x", fin=False), 1002),
    "5.18 text in text": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    # section 6: UTF-8 that is none
    **{f"6 {payload.hex()}": (frame(TEXT, payload), 1007)
       for payload in (b"\x80", b"\xbf", b"\xc3", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
                       b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80",
                       b"\xfe", b"\xff", b"\xf0\x9f\x8e", WORDS + b"\xed\xa0\x80edited")},
    "6.4 early": (frame(TEXT, WORDS + b"\xf4\x90", fin=False), 1007),
    "6.4 cut short": (fragments(TEXT, b"ok", b"\xc3"), 1007),
    # section 7: the closing handshake
    "7.1 no code": (closing(), 0),
    "7.3 one byte": (frame(CLOSE, b"x"), 1002),
    "7.3 with a reason": (closing(1000, b"Hello"), 1000),
    "7.3 longest reason": (closing(1000, b"*" * 123), 1000),
    "7.3 longer": (frame(CLOSE, b"\x03\xe8" + b"*" * 124), 1002),
    "7.5 reason that is no text": (closing(1000, b"\xed\xa0\x80"), 1007),
    "7.1 nothing after it": (closing(1000) + frame(PING) + frame(TEXT, b"x"), 1000),
    "7.1 inside a message": (frame(TEXT, b"a", fin=False) + closing(1000) + frame(CONT), 1000),
    **{f"7.7 {code}": (closing(code), code)
       for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)},
    **{f"7.9 {code}": (closing(code), 1002)
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)},
    # beyond the suite
    "not masked": (frame(TEXT, b"hi", masked=False), 1002),
    "longer than need be": (b"\x81\xfe\x00\x05abcdxxxxx", 1002),
    "longer still": (b"\x81\xff" + bytes(6) + b"\xff\xffabcd", 1002),
    "a length of 2^63": (b"\x82\xff\x80" + bytes(7) + b"abcd", 1002),
    "over the limit": (frame(TEXT, b"x" * (ECHO_BYTES + 1)), 1009),
    "over it by announcement": (b"\x82\xff\x00\x00\xff" + bytes(5) + b"abcd", 1009),
    "over it in fragments": (fragments(BINARY, 3 * LONG, 2 * LONG), 1009),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_valid_is_answered(sock, name):
    sent, answers = ANSWERED[name]
    sock.sendall(sent)
    assert [read(sock) for _ in answers] == answers
    sock.sendall(closing(1000))
    assert read(sock) == closed(1000)
    assert sock.recv(1) == b""


@pytest.mark.parametrize("name", ENDED)
def test_what_is_not_ends_the_connection_with_a_code(sock, name):
    sent, code = ENDED[name]
    sock.sendall(frame(TEXT, b"before") + sent)
    assert read(sock) == (TEXT, b"before")
    assert read(sock) == closed(code)
    assert _ended(sock)


@pytest.mark.parametrize(
    "name", [name for name, (sent, _) in (ANSWERED | ENDED).items() if len(sent) < 500]
)
def test_it_does_not_matter_how_the_bytes_are_cut(sock, name):
    sent, answers = (ANSWERED | ENDED)[name]
    for byte in sent:
        try:
            sock.sendall(bytes((byte,)))
        except OSError:
            break  # it has ended before the last one
    expected = [closed(answers)] if isinstance(answers, int) else answers
    assert [read(sock) for _ in expected] == expected


def _ended(sock):
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True  # bytes after the end were never read
