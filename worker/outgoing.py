"""Requests to hosts that people have named: to public addresses, within a time, and nowhere else.

A host is resolved once, every address of it is judged, and the connection goes to those very
addresses: a name that means something else a moment later (DNS rebinding) changes nothing. TLS is
verified against the host's name. No redirect is followed, no proxy asked, no cookie kept.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any

import httpcore

from lib.webhooks import addresses
from lib.webhooks.addresses import BadAddress, Target

CONNECT_TIMEOUT = 5.0  # seconds for each address
MAX_ADDRESSES = 4  # of a host that are tried
MAX_READ = 64 * 1024  # bytes of an answer after which no more is read
MAX_EXCERPT = 1024  # characters of it that are kept


class NotReached(Exception):
    """No answer came; the message says why, in words of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: the status, Retry-After as it was sent, and how its body begins."""

    status: int
    retry_after: str | None
    excerpt: str


def post(target: Target, headers: dict[str, str], body: bytes, within: float) -> Answer:
    """Send a request and return the answer, if it comes within so many seconds.

    Resolving a name is left to the system, whose own limits hold for it. Raises NotReached.
    """
    deadline = Deadline(within)
    url = httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )
    backend = CheckedBackend(target.scheme, deadline)
    named = [("host", target.authority), *headers.items()]
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend) as pool,
            pool.stream("POST", url, headers=named, content=body) as response,
        ):
            answered = {name.lower(): value for name, value in response.headers}
            retry_after = answered.get(b"retry-after")
            return Answer(
                response.status,
                retry_after.decode("latin-1") if retry_after else None,
                _excerpt(response),
            )
    except BadAddress as error:
        raise NotReached(f"It is not sent there: {error}") from None
    except httpcore.TimeoutException:
        raise NotReached(f"No answer came within {within:g} seconds.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise NotReached(_cause(error)) from None


class Deadline:
    """A moment until which everything has to be done, however it is divided."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Return how many seconds are left, or `most`; raises httpcore.ReadTimeout for none."""
        left = self._ends - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if most is None else min(left, most)


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were judged, and ends what takes too long in all."""

    def __init__(self, scheme: str, deadline: Deadline) -> None:
        self._scheme = scheme
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - each address has its own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, judge, and connect to the first address that takes it."""
        error: Exception = httpcore.ConnectError("no address")
        for address in self._resolved(host, port)[:MAX_ADDRESSES]:
            try:
                left = self._deadline.left(CONNECT_TIMEOUT)
                stream = self._inner.connect_tcp(address, port, left, local_address, socket_options)
                return TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    def _resolved(self, host: str, port: int) -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        resolved = list(dict.fromkeys(str(each[4][0]) for each in found))
        for address in resolved:  # one that is closed closes the host: nobody has both by accident
            addresses.check(address, self._scheme)
        return resolved


class TimedStream(httpcore.NetworkStream):
    """A connection on which each step may take what is left of the time, not the whole of it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what there is."""
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write it all."""
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Encrypt it, once the other side has proved to be the host that was named."""
        left = self._deadline.left(timeout)
        return TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _excerpt(response: httpcore.Response) -> str:
    # The status has come, and it alone counts: a body that breaks off or takes too long is cut off.
    read = b""
    try:
        for chunk in response.iter_stream():
            read += chunk
            if len(read) >= MAX_READ:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    return read[: 4 * MAX_EXCERPT].decode(errors="replace").replace("\0", "")[:MAX_EXCERPT]


def _cause(error: Exception) -> str:
    cause = error.__cause__ or error.__context__ or error
    for kind, words in (
        (ssl.SSLCertVerificationError, "Its certificate is not valid for this host."),
        (ssl.SSLError, "No TLS connection came about."),
        (socket.gaierror, "The host has no address."),
        (ConnectionRefusedError, "The connection was refused."),
        (httpcore.ProtocolError, "What it answered is not HTTP."),
        (httpcore.ConnectError, "The host can't be reached."),
    ):
        if isinstance(error, kind) or isinstance(cause, kind):
            return words
    return "The connection broke off."
