"""Requests to hosts that people have named: where the connection really goes, and how it ends."""

import socket
import ssl
import threading
import time
from contextlib import suppress

import pytest
import trustme

from lib.webhooks.addresses import Target
from tests.receiver import Answer, Receiver, loopback, receiver
from worker import outgoing

__all__ = ["loopback", "receiver"]

HEADERS = {"content-type": "application/json", "webhook-id": "x"}


def target(receiver, host="127.0.0.1", scheme="http"):
    return Target(scheme, host, receiver.port, "/hook?a=b")


def post(to, within=5.0):
    return outgoing.post(to, HEADERS, b"{}", within)


@pytest.fixture
def resolver(monkeypatch):
    """Names that resolve to addresses of the test's choice, each answer another one in turn."""
    names, asked = {}, []
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        host = host.decode() if isinstance(host, bytes) else host
        if host not in names:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        answers = names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names, asked


@pytest.fixture
def connected(monkeypatch):
    """The addresses that a connection was tried to."""
    tried, real = [], socket.create_connection

    def create_connection(address, *args, **kwargs):
        tried.append(address[0])
        return real(address, *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return tried


def test_loopback_is_refused_unless_it_is_allowed(receiver, stack, connected):
    with pytest.raises(outgoing.NotReached, match="not a public one"):
        post(target(receiver))
    assert connected == receiver.requests == []


def test_loopback_is_reached_where_it_is_allowed(receiver, loopback):
    answer = post(target(receiver))
    assert (answer.status, answer.excerpt) == (200, "thanks")
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/hook?a=b", b"{}")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["169.254.169.254"], ["10.0.0.8"], ["100.64.0.1"], ["fd00::1"],
     ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["fe80::1%lo"]],
)  # fmt: skip
def test_a_name_with_any_address_that_is_closed_is_never_connected_to(
    addresses, resolver, receiver, stack, connected
):
    resolver[0]["rebind.example"] = [addresses]
    with pytest.raises(outgoing.NotReached, match="not a public one"):
        post(target(receiver, "rebind.example", "https"))
    assert connected == receiver.requests == []


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_judged(
    resolver, receiver, loopback, connected
):
    """DNS rebinding: a second resolution would lead to another address than was judged."""
    names, asked = resolver
    names["rebind.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    assert post(target(receiver, "rebind.example")).status == 200
    assert (asked, connected) == (["rebind.example"], ["127.0.0.1"])
    assert receiver.requests[0].headers["host"] == f"rebind.example:{receiver.port}"
    with pytest.raises(outgoing.NotReached, match="not a public one"):
        post(target(receiver, "rebind.example"))
    assert connected == ["127.0.0.1"]


def test_the_next_address_is_tried_where_one_does_not_answer(
    resolver, receiver, loopback, connected
):
    resolver[0]["two.example"] = [["127.0.0.9", "127.0.0.1"]]
    assert post(target(receiver, "two.example")).status == 200
    assert connected == ["127.0.0.9", "127.0.0.1"]


def test_plain_http_goes_to_allowed_networks_only(resolver, receiver, loopback, connected):
    resolver[0]["public.example"] = [["8.8.8.8"]]
    with pytest.raises(outgoing.NotReached, match="not a public one"):
        post(target(receiver, "public.example"))
    assert connected == []


def test_no_proxy_of_the_environment_is_asked(receiver, loopback, monkeypatch):
    proxy = Receiver()
    try:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        assert post(target(receiver)).status == 200
        assert (len(receiver.requests), proxy.requests) == (1, [])
    finally:
        proxy.stop()


def test_a_redirect_is_an_answer_like_any_other(receiver, loopback):
    receiver.answers = [Answer(302, {"Location": receiver.url})]
    assert post(target(receiver)).status == 302
    assert len(receiver.requests) == 1


def test_of_a_huge_answer_the_beginning_is_read(receiver, loopback):
    receiver.answers = [Answer(200, endless=True)]
    assert post(target(receiver)).excerpt == "x" * outgoing.MAX_EXCERPT


def test_headers_without_end_are_no_answer(loopback):
    with (
        Serving(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(60_000))) as to,
        pytest.raises(outgoing.NotReached, match="not HTTP"),
    ):
        post(to)


@pytest.mark.parametrize("text", [b"SSH-2.0-OpenSSH_9\r\n", b"\x00" * 500, b"+OK\r\n-ERR\r\n", b""])
def test_what_is_not_http_is_no_answer(text, loopback):
    with Serving(text) as to, pytest.raises(outgoing.NotReached):
        post(to)


def test_the_time_is_for_all_steps_together(loopback):
    """One byte each 0.2 s would keep a limit for single reads waiting for ever."""
    began = time.monotonic()
    text = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 200
    with Serving(text, drip=0.2) as to, pytest.raises(outgoing.NotReached, match="within 1 sec"):
        post(to, within=1.0)
    assert time.monotonic() - began < 3


def test_a_port_that_nobody_listens_on_refuses(loopback):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(outgoing.NotReached, match="refused"):
        post(Target("http", "127.0.0.1", port, "/"))


def test_a_name_that_does_not_exist_is_said_to(stack, monkeypatch):
    def fail(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "secret-detail-of-the-resolver")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(outgoing.NotReached, match=r"^The host has no address\.$"):
        post(Target("https", "nowhere.example", 443, "/"))


@pytest.fixture
def authority(monkeypatch):
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    context = ssl.create_default_context()
    made.configure_trust(context)
    monkeypatch.setattr(outgoing, "_tls", lambda: context)
    return made


@pytest.fixture
def secure():
    """Start a receiver that speaks TLS with a certificate of an authority for a name."""
    started = []

    def start(authority, name):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        started.append(Receiver(context))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def test_tls_is_verified_against_the_name_though_the_connection_goes_to_an_address(
    authority, secure, resolver, loopback
):
    resolver[0]["hooks.example"] = [["127.0.0.1"]]
    right = secure(authority, "hooks.example")
    assert post(target(right, "hooks.example", "https")).status == 200
    assert right.requests[0].headers["host"] == f"hooks.example:{right.port}"
    for wrong in (secure(authority, "other.example"), secure(trustme.CA(), "hooks.example")):
        with pytest.raises(outgoing.NotReached, match="certificate"):
            post(target(wrong, "hooks.example", "https"))
        assert wrong.requests == []


def test_a_host_that_does_not_speak_tls_is_told_nothing(receiver, loopback):
    with pytest.raises(outgoing.NotReached):
        post(target(receiver, scheme="https"))
    assert receiver.requests == []


class Serving:
    """A server that says something to the first who connects, whatever it is asked."""

    def __init__(self, text, drip=0.0):
        self._text, self._drip = text, drip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            pieces = [bytes([b]) for b in self._text] if self._drip else [self._text]
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(self._drip)

    def __enter__(self):
        self._thread.start()
        return Target("http", "127.0.0.1", self._listener.getsockname()[1], "/")

    def __exit__(self, *_):
        self._thread.join(10)
        self._listener.close()
