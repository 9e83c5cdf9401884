"""Where webhooks may lead, by their URL: forty-odd ways into a private network, and none is one."""

from ipaddress import ip_address

import pytest

from lib.config import settings
from lib.webhooks import addresses
from tests.receiver import loopback

__all__ = ["loopback"]

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",  # noqa: S104
    "127.255.0.9",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00::1"]

HOSTILE = [
    "http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd",
    "gopher://hooks.example.com:6379/_FLUSHALL", "javascript:alert(1)", "//hooks.example.com/",
    "hooks.example.com", "https://", "https:///hook", "https://:443/", "https://?",
    "https://user@hooks.example.com/", "https://user:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/", "https://127.0.0.1#@hooks.example.com/",
    "https://hooks.example.com/#part", "https://hooks.example.com#", "https://localhost/",
    "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://printer/",
    "https://printer.local/", "https://metadata.google.internal/", "https://x.home.arpa/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/",
    "https://127.1/", "https://127.0.0.1./", "https://127.0.0.0x1/", "https://1.2.3.4.5/",
    "https://１２７.0.0.1/", "https://127。0。0。1/", "https://①②⑦.0.0.1/",
    "https://%31%32%37.0.0.1/", "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com\t.evil/", "https://hooks.example.com/a b", " https://x.example/",
    "https://hooks.example.com\r\nHost: evil/", "https://hooks.example.com/\x00",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::]/", "https://[fe80::1%25eth0]/",
    "https://[::1", "https://[127.0.0.1]/", "https://hooks.example.com:22/",
    "https://hooks.example.com:25/", "https://hooks.example.com:80/", "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/", "https://hooks.example.com:-1/",
    "https://hooks.example.com:x/", "https://-hooks.example.com/", "https://hooks..example.com/",
    "https://hook_s.example.com/", "https://" + "a" * 64 + ".example.com/",
    "https://" + "a." * 130 + "com/", "https://hooks.example.com/" + "x" * 2000,
    "https://xn--zz.ü.example\u200b.com/", "https://hooks.example.com/ü",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_closed(address, stack):
    assert addresses.is_closed(ip_address(address))
    with pytest.raises(addresses.BadAddress):
        addresses.check(address, "https")
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(addresses.BadAddress):
        addresses.parse(f"https://{literal}/")


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_open_to_tls_and_to_nothing_else(address, stack):
    addresses.check(address, "https")
    with pytest.raises(addresses.BadAddress):
        addresses.check(address, "http")


@pytest.mark.parametrize("url", HOSTILE)
def test_a_url_that_leads_astray_is_refused_with_a_pointer(url, team):
    answer = team.owner.post(f"/workspaces/{team.workspace['id']}/webhooks", {"url": url})
    if "\x00" in url:
        assert answer.status_code == 400
    else:
        assert answer.status_code == 422, answer.text
        assert {error["pointer"] for error in answer.get_json()["errors"]} == {"/url"}
    assert team.owner.get(f"/workspaces/{team.workspace['id']}/webhooks").get_json()["items"] == []


def test_a_url_is_taken_apart_as_it_is_sent(stack):
    assert addresses.parse("https://hooks.example.com") == addresses.Target(
        "https", "hooks.example.com", 443, "/"
    )
    assert addresses.parse("HTTPS://Bücher.Example:8443/a?b=%20") == addresses.Target(
        "https", "xn--bcher-kva.example", 8443, "/a?b=%20"
    )
    literal = addresses.parse("https://[2606:4700:4700::1111]:8443/x")
    assert (literal.host, literal.authority) == (
        "2606:4700:4700::1111",
        "[2606:4700:4700::1111]:8443",
    )
    assert addresses.parse("https://hooks.example.com:443/x").authority == "hooks.example.com"
    assert addresses.origin("https://hooks.example.com:8443/a?token=b") == (
        "https://hooks.example.com:8443"
    )


def test_only_networks_that_are_named_are_opened(loopback):
    assert addresses.parse("http://localhost:5000/x") == addresses.Target(
        "http", "localhost", 5000, "/x"
    )
    for scheme in ("http", "https"):
        addresses.check("127.0.0.1", scheme)
        addresses.check("::1", scheme)
        with pytest.raises(addresses.BadAddress):
            addresses.check("10.0.0.1", scheme)
    with pytest.raises(addresses.BadAddress):
        addresses.check("8.8.8.8", "http")
    with pytest.raises(addresses.BadAddress):
        addresses.parse("http://169.254.169.254/latest/meta-data")


def test_by_default_none_is(stack):
    assert settings().webhook_allow_private == ()
