"""Who asks, where reverse proxies of our own stand in front: nobody else's word is taken for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.config import Networks

WSGIApp = Callable[..., Iterable[bytes]]


class BehindProxies:
    """A WSGI app that sees each request as the client sent it to the first of our proxies."""

    def __init__(self, wsgi: WSGIApp, trusted: int | Networks) -> None:
        self._wsgi = wsgi
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = client(environ, self._trusted)
        return self._wsgi(environ, start)


def client(environ: dict[str, Any], trusted: int | Networks) -> tuple[str, str]:
    """Return a client's address and scheme, of which only `trusted` proxies are believed anything.

    That is how many stand in front: so many hops of X-Forwarded-For, counted from the right, are
    theirs; whoever gets past them can lie. Or it is where they are, and then nobody can: going
    from the right, the first address that is none of theirs is the client's.
    """
    peer, scheme = environ.get("REMOTE_ADDR", ""), environ.get("wsgi.url_scheme", "http")
    if not _believes(trusted, peer):
        return peer, scheme
    told = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip()
    sent = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = [hop.strip() for hop in sent if hop.strip()]
    return _first(peer, hops, trusted), told if told in ("http", "https") else scheme


def _first(peer: str, hops: list[str], trusted: int | Networks) -> str:
    if isinstance(trusted, int):
        return (_address(hops[-min(trusted, len(hops))]) if hops else None) or peer
    while hops and _believes(trusted, peer):
        hop = _address(hops.pop())
        if hop is None:  # nobody writes this there but a client
            break
        peer = hop
    return peer


def _believes(trusted: int | Networks, peer: str) -> bool:
    if isinstance(trusted, int):
        return trusted > 0
    address = _address(peer)
    return address is not None and any(ip_address(address) in network for network in trusted)


def _address(hop: str) -> str | None:
    """Return a hop's address in its usual form, without a port; None if it is no address."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
