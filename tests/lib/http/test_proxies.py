"""Whose word about a client's address is taken: that of our own proxies, wherever it is forged."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lib.http.proxies import client

OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
FORGED = "6.6.6.6"


def _client(trusted, peer, forwarded="", **more):
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"} | more
    return client(environ | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}), trusted)[0]


@pytest.mark.parametrize("trusted", [0, ()])
def test_without_proxies_nothing_that_is_sent_counts(trusted):
    said = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_FORWARDED": f"for={FORGED}"}
    environ = {"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http"} | said
    assert client(environ | {"HTTP_X_FORWARDED_FOR": FORGED}, trusted) == ("192.0.2.1", "http")


def test_so_many_hops_are_believed_from_the_right():
    assert _client(1, "10.0.0.1", f"{FORGED}, 192.0.2.1") == "192.0.2.1"
    assert _client(2, "10.0.0.1", f"{FORGED}, 192.0.2.1, 10.0.0.2") == "192.0.2.1"
    assert _client(2, "10.0.0.1", "192.0.2.1") == "192.0.2.1"
    assert _client(1, "10.0.0.1") == "10.0.0.1"
    assert _client(1, "10.0.0.1", "unknown") == "10.0.0.1"


@pytest.mark.parametrize("forged", ["", f"{FORGED}, ", f"{FORGED}, 10.9.9.9, ", "nobody, "])
def test_the_first_address_that_is_no_proxy_is_the_clients(forged):
    assert _client(OURS, "10.0.0.1", f"{forged}192.0.2.1") == "192.0.2.1"
    assert _client(OURS, "10.0.0.1", f"{forged}192.0.2.1, fd00::2, 10.0.0.3") == "192.0.2.1"


def test_whoever_gets_past_the_proxies_can_claim_nothing():
    assert _client(OURS, "192.0.2.1", FORGED) == "192.0.2.1"
    assert _client(OURS, "192.0.2.1", f"{FORGED}, 10.0.0.1") == "192.0.2.1"
    assert _client(OURS, "", FORGED) == ""


def test_a_client_within_our_own_network_is_the_farthest_one_that_is_known():
    assert _client(OURS, "10.0.0.1", "10.5.5.5") == "10.5.5.5"
    assert _client(OURS, "10.0.0.1", "garbage, 10.5.5.5") == "10.5.5.5"


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_counts_in_its_usual_form(hop, address):
    assert _client(OURS, "::ffff:10.0.0.1", hop) == address
    assert _client(1, "10.0.0.1", hop) == address


def test_only_proxies_say_how_the_client_came():
    environ = {"wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": "http, https"}
    assert client(environ | {"REMOTE_ADDR": "10.0.0.1"}, OURS)[1] == "https"
    assert client(environ | {"REMOTE_ADDR": "192.0.2.1"}, OURS)[1] == "http"
    odd = environ | {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "gopher"}
    assert client(odd, 1)[1] == "http"
