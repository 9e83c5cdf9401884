"""Where a webhook may lead: public hosts over TLS, and nothing that only our own network reaches.

A URL is judged when it is given and again before each delivery; what its host resolves to is judged
by the delivery alone, on the very addresses that it connects to.
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv6Address,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from lib.config import settings

if TYPE_CHECKING:
    from lib.config import Networks

MAX_URL = 2000  # characters
MAX_HOST = 253  # characters (RFC 1035, section 2.3.4)
PORTS = {"https": 443, "http": 80}
FREE_PORTS = range(1024, 65536)  # below them there are mail servers and the like, but for the web's

Address = IPv4Address | IPv6Address

# The special-purpose registries of IANA (RFC 6890), as of 2025, and multicast. Python's own
# `is_global` lets some of them pass, and others in some versions alone.
_CLOSED = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # public by its looks: the host that serves machines at Azure
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ),
    )
)  # fmt: skip
# Of IPv6 nothing else is public. This leaves out what stands for an IPv4 address in disguise, too:
# mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96) and tunnelled (2002::/16).
_UNICAST = ip_network("2000::/3")

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")  # what resolvers take for a part of an IPv4 address
_LOCAL = re.compile(r"[^.]+|.*\.(localhost|local|internal|intranet|lan|home\.arpa)")
_UNSEEN = re.compile(r"[\x00-\x20\x7f\\]")  # parsers disagree on what these do to a URL


class BadAddress(ValueError):
    """A URL, or what it resolves to, that no delivery is sent to; the message says why."""


class Target(NamedTuple):
    """A URL taken apart: `host` as the resolver takes it, in ASCII, and `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host as a request names it, with its port unless that goes without saying."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Take apart where a webhook leads; raises BadAddress for where none may."""
    if len(url) > MAX_URL or _UNSEEN.search(url):
        raise BadAddress("Give a URL without spaces, control characters and backslashes.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddress("This is not a URL.") from None
    if parts.scheme not in PORTS or (parts.scheme == "http" and not _allowed()):
        raise BadAddress("Give a URL that begins with https://.")
    if "@" in parts.netloc or "#" in url:
        raise BadAddress("Give a URL without user name, password and fragment.")
    if port not in (None, PORTS[parts.scheme]) and port not in FREE_PORTS:
        raise BadAddress("Give port 443, or one from 1024 on.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise BadAddress("Give a path and query of which the rest is percent-encoded.")
    return Target(parts.scheme, _host(host), port or PORTS[parts.scheme], path)


def origin(url: str) -> str:
    """Return what of a URL that was accepted once may be told to others."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def check(address: str, scheme: str) -> None:
    """Raise BadAddress when this address of a receiver is closed to webhooks.

    One that WEBHOOK_ALLOW_PRIVATE names is open, and the only sort that is spoken to in the clear.
    """
    found = ip_address(address.partition("%")[0])
    if any(found in network for network in _allowed()):
        return
    if scheme != "https" or is_closed(found):
        raise BadAddress("The address is not a public one.")


def is_closed(address: Address) -> bool:
    """Return whether an address leads anywhere but to the public internet."""
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return True
    return any(address in network for network in _CLOSED)


def _allowed() -> Networks:
    return settings().webhook_allow_private


def _host(given: str) -> str:
    if ":" in given:
        return _literal(given)
    host = _ascii(given).removesuffix(".")
    if len(host) > MAX_HOST or not _NAME.fullmatch(host):
        raise BadAddress("The host is not a name, nor an address.")
    if _NUMERIC.fullmatch(host.rpartition(".")[2]):
        return _literal(host)
    if _LOCAL.fullmatch(host) and not _allowed():
        raise BadAddress("The host is not a public one.")
    return host


def _literal(host: str) -> str:
    # 2130706433, 0x7f.1 and 127.1 are addresses to a resolver: here only what is written out is.
    try:
        address = ip_address(host)
    except ValueError:
        raise BadAddress("The host is not a name, nor an address.") from None
    if "%" in host or (is_closed(address) and not any(address in n for n in _allowed())):
        raise BadAddress("The address is not a public one.")
    return str(address)


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise BadAddress("The host is not a name, nor an address.") from None
