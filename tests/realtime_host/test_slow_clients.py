"""Clients that are slow to send a request: they are let go in time, and nobody waits for them."""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack
from threading import Event, Thread

import httpx
import pytest

from lib.http.headers import SECURE
from realtime_host import limits

SLOW = 200
WITHIN = 2.0  # seconds for each other request: generous, as no figure of speed is meant
BEGINNINGS = (
    b"",
    b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbegun",
)
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def dial(host):
    """Open a TCP connection to a host (by default the shared one), closed at the end."""
    with ExitStack() as open_ones:

        def to(on=None):
            sock = socket.create_connection(("127.0.0.1", (on or host).port), timeout=10)
            return open_ones.enter_context(sock)

        yield to


def ended(sock, within):
    """Whether the other side has closed the connection, in time."""
    sock.settimeout(within)
    try:
        while sock.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def answer(sock, request):
    """Send bytes, and return the status of what comes back and the whole of it."""
    sock.sendall(request)
    text = b"".join(iter(lambda: sock.recv(65_536), b""))
    return int(text.split(b" ")[1]), text.decode()


def test_two_hundred_slow_connections_hold_nobody_up_and_are_closed(
    start_host, dial, connect, team
):
    host = start_host(REQUEST_WITHIN=6.0)
    slow = [dial(host) for _ in range(SLOW)]
    for number, sock in enumerate(slow):
        sock.sendall(BEGINNINGS[number % len(BEGINNINGS)])
    with httpx.Client(timeout=WITHIN) as other:
        for _ in range(20):
            assert other.get(f"{host.http}/health").status_code == 200
    for _ in range(5):
        assert httpx.get(f"{host.http}/health", timeout=WITHIN).status_code == 200
    assert connect(team.owner, team.project["id"], on=host).ask("ping")["event"] == "ack"
    still_open, _, _ = select.select(slow, [], [], 0)
    assert not still_open, "they were there the whole time"
    deadline = time.monotonic() + 10
    assert all(ended(sock, max(0.1, deadline - time.monotonic())) for sock in slow)
    assert httpx.get(f"{host.http}/health", timeout=WITHIN).status_code == 200


def test_a_byte_now_and_then_buys_no_time(start_host, dial):
    sock, stop = dial(start_host(REQUEST_WITHIN=1.5)), Event()
    sock.sendall(BEGINNINGS[1])

    def drip():
        try:
            while not stop.wait(0.1):
                sock.send(b"x")
        except OSError:
            return

    dripping = Thread(target=drip)
    dripping.start()
    try:
        assert ended(sock, 8)
    finally:
        stop.set()
        dripping.join()


def test_clients_that_have_their_answer_and_stay_hold_nobody_up(start_host, dial):
    host = start_host()
    staying = [dial(host) for _ in range(20)]
    for sock in staying:
        sock.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    for sock in staying:
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200")
    for _ in range(5):
        assert httpx.get(f"{host.http}/health", timeout=WITHIN).status_code == 200


def test_a_request_may_come_in_pieces_and_two_at_once(dial):
    sock = dial()
    for piece in (HEALTH[:7], HEALTH[7:-1], HEALTH[-1:] + HEALTH + HEALTH[:9]):
        sock.sendall(piece)
        time.sleep(0.05)  # or the pieces would travel together
    sock.sendall(HEALTH[9:].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    text = b"".join(iter(lambda: sock.recv(65_536), b""))
    assert text.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize(
    "fields",
    [
        b"X-Long: " + b"x" * 65_536 + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(64)),
        b"".join(b"X-%d: x\r\n" % n for n in range(200)),
        b"X-Long: " + b"x" * 9000 + b"\r\n",
    ],
    ids=["one field of 64 KB", "64 KB in many", "two hundred fields", "9 KB"],
)
def test_too_much_of_a_head_is_refused(dial, host, fields):
    status, _ = answer(dial(), b"GET /health HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
    assert 400 <= status < 500
    assert httpx.get(f"{host.http}/health", timeout=WITHIN).status_code == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: %d" % (limits.BODY_BYTES + 1), 413),
        (b"Content-Length: " + b"9" * 5000, 413),
        (b"Transfer-Encoding: chunked", 411),
        (b"X-Long: " + b"x" * limits.HEAD_BYTES, 431),
        (b"Content-Length: 1\r\nContent-Length: 2", 400),
        (b"Content-Length: +1", 400),
    ],
)
def test_a_body_that_would_have_to_be_waited_for_is_refused_at_once(dial, head, status):
    found, text = answer(dial(), b"POST /health HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
    assert found == status
    if status != 400:  # gunicorn's own
        for name, value in SECURE.items():
            assert f"{name}: {value}\r\n" in text


def test_a_whole_body_is_no_hindrance(dial):
    request = b"POST /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
    sock = dial()
    sock.sendall(request)
    assert answer(sock, b"hello")[0] == 405
