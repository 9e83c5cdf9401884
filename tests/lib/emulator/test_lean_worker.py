"""The lean worker: whatever is sent, it answers as gunicorn's own worker does."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib.emulator import lean_requests, ports
from lib.emulator.serve import LEAN

ROOT = Path(__file__).resolve().parents[3]
STOCK = "gthread"

# Echoes what it was asked; /stream answers in pieces, /break stops in the middle, /fail raises,
# /bad breaks a header in two.
APP = """
import json, sys
from lib.emulator.serve import serve

def breaks_off():
    yield b"one,"
    raise ValueError("on purpose")

def app(environ, start):
    path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
    if path == "/fail":
        raise ValueError("on purpose")
    if path == "/bad":
        start("200 OK", [("X-Bad", "a\\r\\nSet-Cookie: b")])
        return [b"never"]
    if path == "/nothing":
        start("204 No Content", [])
        return []
    if path == "/stream":
        start("200 OK", [("Content-Type", "text/plain")])
        return iter([b"one,", b"", b"two"])
    if path == "/break":
        start("200 OK", [("Content-Type", "text/plain")])
        return breaks_off()
    kept = {k: v for k, v in environ.items() if k.startswith(("HTTP_", "CONTENT_"))}
    kept |= {k: environ[k] for k in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "RAW_URI")}
    text = json.dumps([kept, body.decode("latin-1")], sort_keys=True).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]

serve(app, "127.0.0.1", int(sys.argv[1]), threads=int(sys.argv[3]), worker_class=sys.argv[2])
"""


def start(worker_class, threads=8):
    (port,) = ports.pick(1)
    command = [sys.executable, "-c", APP, str(port), worker_class, str(threads)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.05)
    return process, port


@pytest.fixture(scope="module")
def servers():
    started = {name: start(name) for name in (LEAN, STOCK)}
    yield {name: port for name, (_, port) in started.items()}
    for process, _ in started.values():
        process.terminate()
        process.wait(20)
        process.stderr.close()


def talk(port, *pieces, wait=0.05):
    """Send the pieces, each a while after the one before, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(wait)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer


def essence(answer):
    """The status lines, and the bodies, without the headers that name the server and the time."""
    own = (b"date:", b"server:", b"connection:")
    lines = answer.split(b"\r\n")
    return [line for line in lines if not line.lower().startswith(own)]


GET = b"GET /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-One:  two \r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

SENT = {
    "a read": [GET],
    "a read, cut anywhere": [GET[:3], GET[3:30], GET[30:-2], GET[-2:]],
    "two reads, one after the other": [GET, GET],
    "two reads in one piece": [GET + GET],
    "a HEAD": [GET.replace(b"GET", b"HEAD")],
    "a write": [POST + b"hello"],
    "a write, its body later": [POST, b"he", b"llo"],
    "a write and a read behind it": [POST + b"hello" + GET],
    "a chunked write": [CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"],
    "no body": [b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"],
    "an answer in pieces": [b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" + GET],
    "an application that fails": [b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n"],
    "a percent-encoded path": [b"GET /a%2Fb%C3%A9?q=%20 HTTP/1.1\r\nHost: x\r\n\r\n"],
    "HTTP/1.0": [b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n"],
    "a wish to close": [b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET],
    "a wish to stay": [b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n" + GET],
    "an expectation": [POST.replace(b"Host", b"Expect: 100-continue\r\nHost"), b"hello"],
    "the absolute form": [b"GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n"],
    "a fragment": [b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"],
    "a header twice": [b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n"],
    "an underscore": [b"GET /a HTTP/1.1\r\nHost: x\r\nX_Real_IP: 1\r\n\r\n"],
    "two lengths": [POST.replace(b"Host", b"Content-Length: 4\r\nHost") + b"hello"],
    "a length and chunks": [CHUNKED.replace(b"Host", b"Content-Length: 3\r\nHost") + b"0\r\n\r\n"],
    "a negative length": [POST.replace(b"5", b"-5") + b"hello"],
    "a length with a sign": [POST.replace(b": 5", b": +5") + b"hello"],
    "no length that anybody sends": [POST.replace(b": 5", b": 99999999999") + b"hello"],
    "a folded header": [b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n"],
    "a space before the colon": [b"GET /a HTTP/1.1\r\nHost : x\r\n\r\n"],
    "a bare line feed": [b"GET /a HTTP/1.1\nHost: x\n\n"],
    "a NUL in a header": [b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: \0\r\n\r\n"],
    "a method nobody knows": [b"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n"],
    "nonsense": [b"\x16\x03\x01\x02\x00\x01\r\n\r\n"],
    "a long path": [b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
    "many headers": [b"GET /a HTTP/1.1\r\n" + b"X-%d: 1\r\n" * 120 % tuple(range(120)) + b"\r\n"],
    "64 KB of headers": [b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 65536 + b"\r\n\r\n"],
    "nothing": [b""],
}


@pytest.mark.parametrize("pieces", SENT.values(), ids=SENT.keys())
def test_it_answers_as_the_stock_worker_does(servers, pieces):
    stock, lean = (talk(servers[name], *pieces) for name in (STOCK, LEAN))
    assert pieces == [b""] or stock.startswith(b"HTTP/1.")
    assert essence(lean) == essence(stock)


@pytest.mark.parametrize("name", [LEAN, STOCK])
def test_an_answer_that_breaks_off_does_not_end_as_a_whole_one_does(servers, name):
    whole = talk(servers[name], b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert whole.endswith(b"3\r\ntwo\r\n0\r\n\r\n")
    broken = talk(servers[name], b"GET /break HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    assert broken.startswith(b"HTTP/1.1 200")
    assert broken.endswith(b"4\r\none,\r\n")


def test_plain_requests_are_the_ones_that_it_reads_itself():
    environ, missing = lean_requests.read(GET, {"SERVER_NAME": "x"})
    assert (environ["PATH_INFO"], environ["QUERY_STRING"], missing) == ("/a/b", "c=d", 0)
    assert (environ["HTTP_X_ONE"], environ["SERVER_NAME"]) == ("two", "x")
    assert lean_requests.read(POST + b"he", {})[1] == 3
    assert lean_requests.read(CHUNKED, {}) is None
    assert lean_requests.read(GET[:-2], {}) is None


def test_a_line_break_in_a_header_of_the_answer_never_goes_out(servers):
    answer = talk(servers[LEAN], b"GET /bad HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer.partition(b"\r\n\r\n")[0]


def test_a_body_too_long_for_the_short_way_arrives_whole(servers):
    size = 3_000_000
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    answer = talk(servers[LEAN], head + b"a" * size)
    assert answer.count(b"a" * 1000) == size // 1000


def test_more_connections_than_threads_are_all_served():
    process, port = start(LEAN, threads=2)
    socks = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(20)]
    try:
        for _ in range(3):
            for sock in socks:
                sock.sendall(GET)
            for sock in socks:
                assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    finally:
        for sock in socks:
            sock.close()
        process.terminate()
        process.wait(20)
        process.stderr.close()


def test_a_request_under_way_is_answered_before_the_worker_stops():
    process, port = start(LEAN)
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(GET)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        sock.sendall(POST + b"he")
        time.sleep(0.2)
        process.terminate()
        sock.sendall(b"llo")
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert process.wait(20) == 0
    process.stderr.close()
