"""gunicorn's threaded worker, but a thread gets a request when all of it has arrived.

The stock one lends a thread to each connection that has sent a first byte, for as long as the rest
takes: as many slow clients as there are threads would shut the door to everybody (Slowloris). And
it accepts nobody while it waits for a client that has its answer to close the connection.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from lib.http.headers import SECURE
from realtime_host import limits

RECEIVE_BYTES = 16 * 1024  # of one read
MAX_DIGITS = 9  # of a length
HEAD_ENDS = b"\r\n\r\n"
REASONS = {
    411: ("length-required", "Length Required"),
    413: ("too-large", "Content Too Large"),
    431: ("headers-too-large", "Request Header Fields Too Large"),
}

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)


class Refused(Exception):
    """A request that will not be read to its end; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Waiting:
    """A connection whose client is to send something: a request, or the end."""

    conn: Any
    ends: float
    data: bytes = b""


class PatientWorker(ThreadWorker):
    """All of this runs in the thread that accepts connections, and never waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Each with the one first that has waited longest.
        self._arriving: dict[Any, Waiting] = {}
        self._leaving: dict[Any, Waiting] = {}

    def enqueue_req(self, conn: Any) -> None:
        """Wait for a request on a connection, new or kept alive, then hand it to a thread."""
        waiting = self._watch(self._arriving, conn, limits.REQUEST_WITHIN, self._receive)
        if len(self._arriving) > limits.ARRIVALS:
            self._drop(self._arriving, next(iter(self._arriving.values())))
        if conn.initialized and (ahead := conn.parser.unreader.take_buffered()):
            self._take(waiting, ahead)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection, or let it go; the stock worker would wait here for its client."""
        if not fs.cancelled() and not fs.exception() and fs.result():
            super().finish_request(conn, fs)
        else:
            self._leave(conn)

    def murder_pending(self) -> None:
        """Close what has not come in time, and everything when the host goes."""
        super().murder_pending()
        for where in (self._arriving, self._leaving):
            while where:
                oldest = next(iter(where.values()))
                if self.alive and oldest.ends > monotonic():
                    break
                self._drop(where, oldest)

    def _watch(
        self, where: dict[Any, Waiting], conn: Any, within: float, heard: Callable[..., None]
    ) -> Waiting:
        conn.sock.setblocking(False)
        waiting = where[conn] = Waiting(conn, monotonic() + within)
        self.poller.register(conn.sock, selectors.EVENT_READ, lambda _sock: heard(waiting))
        return waiting

    def _receive(self, waiting: Waiting) -> None:
        data = _read(waiting.conn.sock)
        if data:
            self._take(waiting, data)
        elif data is not None:
            self._drop(self._arriving, waiting)

    def _take(self, waiting: Waiting, data: bytes) -> None:
        waiting.data += data
        conn = waiting.conn
        try:
            if not is_whole(waiting.data):
                return
        except Refused as refusal:
            self._forget(self._arriving, waiting)
            with suppress(OSError):
                conn.sock.send(_problem(refusal.status))
            self._leave(conn)
            return
        self._forget(self._arriving, waiting)
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(waiting.data)
        super().enqueue_req(conn)

    def _leave(self, conn: Any) -> None:
        # Closed at once, what the client still sends would cost it the answer (RFC 9112, 9.6).
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        self._watch(self._leaving, conn, limits.CLOSE_WITHIN, self._discard)

    def _discard(self, waiting: Waiting) -> None:
        if _read(waiting.conn.sock) == b"":
            self._drop(self._leaving, waiting)

    def _drop(self, where: dict[Any, Waiting], waiting: Waiting) -> None:
        self._forget(where, waiting)
        self._close(waiting.conn)

    def _forget(self, where: dict[Any, Waiting], waiting: Waiting) -> None:
        del where[waiting.conn]
        self.poller.unregister(waiting.conn.sock)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()


def is_whole(data: bytes) -> bool:
    """Return whether a request has arrived, as far as gunicorn will read it.

    Raises Refused for one that is too large, or does not say how large it is.
    """
    head, found, body = data.partition(HEAD_ENDS)
    if len(head) > limits.HEAD_BYTES:
        raise Refused(431)
    if not found:
        return False
    if _CHUNKED.search(head):
        raise Refused(411)
    lengths = _LENGTH.findall(head + b"\r\n")
    if len(lengths) != 1:
        return True  # no body, or a length that gunicorn refuses
    if len(lengths[0]) > MAX_DIGITS or int(lengths[0]) > limits.BODY_BYTES:
        raise Refused(413)
    return len(body) >= int(lengths[0])


def _read(sock: socket.socket) -> bytes | None:
    """Return what has come; b"" at the end, None when there is nothing yet."""
    try:
        return sock.recv(RECEIVE_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _problem(status: int) -> bytes:
    kind, reason = REASONS[status]
    body = json.dumps({"type": f"/problems/{kind}", "title": reason, "status": status})
    sent = SECURE | {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "", body]).encode()
