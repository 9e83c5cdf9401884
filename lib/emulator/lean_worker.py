"""gunicorn's threaded worker, with a short way for plain requests and for busy connections.

The stock one spends several times as long on a short request as the request itself takes: on its
parser, and on giving a kept-alive connection back to its poller after each answer. Here a thread
stays with a connection while it is busy, and reads plain requests by itself (lib.emulator
.lean_requests); all others, and everything unusual, stay gunicorn's.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from io import BytesIO
from typing import Any

from gunicorn.http.wsgi import base_environ  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from lib.emulator import lean_requests

LINGER = 0.05  # seconds that a thread waits for the next request
PATIENCE = 10.0  # seconds that it waits for the next bytes of one
RECEIVE_BYTES = 64 * 1024  # of one read; a longer request is left to gunicorn
BODILESS = ("1", "204", "304")  # how the status lines of answers without a body begin


class LeanWorker(ThreadWorker):
    """Writes no access log. Behind TLS or a Unix socket it is the stock worker."""

    def handle(self, conn: Any) -> Any:
        """Serve requests on a connection until it falls silent; returns what the stock one does."""
        if self.cfg.is_ssl or conn.is_http2 or not isinstance(conn.client, tuple):
            return super().handle(conn)
        if not conn.initialized and not conn.wait_for_data(LINGER):
            return super().handle(conn)  # which gives it back to the poller after a while
        conn.init()
        conn.sock.setblocking(True)
        _wait_for(conn.sock, LINGER)
        try:
            return self._serve(conn)
        except BlockingIOError:
            return True
        except OSError:  # it is gone
            return False

    def _serve(self, conn: Any) -> Any:
        base = self._base(conn)
        while True:
            keep = self._plain(conn, base)
            if keep is None:
                _wait_for(conn.sock, PATIENCE)
                keep = super().handle(conn)
                _wait_for(conn.sock, LINGER)
            # With more connections than threads, none may wait for the silence of another.
            if keep is not True or not self.alive or self.nr_conns > self.cfg.threads:
                return keep

    def _plain(self, conn: Any, base: dict[str, Any]) -> bool | None:
        """Serve a plain request, and return whether the connection stays; None: it is not plain."""
        if conn.parser.unreader.buf.getvalue():
            return None  # read already, behind the request before
        data = conn.sock.recv(RECEIVE_BYTES)
        if not data:
            return False
        found = lean_requests.read(data, base)
        if found and found[1]:
            found, data = _with_rest(conn.sock, found, data)
        if not found:
            conn.parser.unreader.unread(data)
            return None
        return self._answer(conn, found[0])

    def _answer(self, conn: Any, environ: dict[str, Any]) -> bool:
        self.nr += 1
        answer = Answer(conn.sock, environ["REQUEST_METHOD"] == "HEAD", stays=self.alive)
        try:
            body = self.wsgi(environ, answer.start)
            try:
                answer.send(body)
            finally:
                if hasattr(body, "close"):
                    body.close()
        except OSError:
            raise ConnectionError from None  # not BlockingIOError, which means silence
        except Exception as error:
            if answer.begun:
                self.log.exception("Error handling request")
            else:
                self.handle_error(None, conn.sock, conn.client, error)
            return False
        return answer.stays

    def _base(self, conn: Any) -> dict[str, Any]:
        return base_environ(self.cfg) | {
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "gunicorn.socket": conn.sock,
            "SCRIPT_NAME": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": conn.client[0],
            "REMOTE_PORT": str(conn.client[1]),
            "SERVER_NAME": conn.server[0],
            "SERVER_PORT": str(conn.server[1]),
        }


class Answer:
    """One answer on its way: the head waits for the first piece, so that both are one write."""

    def __init__(self, sock: socket.socket, head_only: bool, stays: bool) -> None:
        self.stays = stays
        self.begun = False
        self._sock = sock
        self._head_only = head_only
        self._head = b""
        self._chunked = False

    def start(self, status: str, headers: list[tuple[str, str]], *_error: Any) -> Any:
        """Take status and headers; WSGI's start_response."""
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        bodiless = self._head_only or status.startswith(BODILESS)
        self._head_only = bodiless
        self._chunked = not (bodiless or any(n.lower() == "content-length" for n, _ in headers))
        if self._chunked:
            lines.append("Transfer-Encoding: chunked")
        lines.append("Connection: keep-alive" if self.stays else "Connection: close")
        lines.append(f"Date: {_date(int(time.time()))}\r\n\r\n")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) + 1 or text.count("\r") != len(lines) + 1:
            raise ValueError("A header of the answer holds a line break.")
        self._head = text.encode("latin-1")
        return self._write

    def send(self, body: Iterable[bytes]) -> None:
        """Send the whole answer."""
        for piece in body:
            self._write(piece)
        if self._chunked:
            self._head_or_nothing(b"0\r\n\r\n")
        elif not self.begun:
            self._head_or_nothing(b"")

    def _write(self, piece: bytes) -> None:
        if not piece or self._head_only:
            return
        if self._chunked:
            piece = b"%X\r\n%b\r\n" % (len(piece), piece)
        self._head_or_nothing(piece)

    def _head_or_nothing(self, piece: bytes) -> None:
        head, self._head, self.begun = self._head, b"", True
        self._sock.sendall(head + piece)


def _with_rest(sock: socket.socket, found: Any, data: bytes) -> tuple[Any, bytes]:
    """Read on until the body is whole; None instead of the request if it is long, or late."""
    environ, missing = found
    if missing > RECEIVE_BYTES:
        return None, data
    parts = [environ["wsgi.input"].getvalue()]
    while missing:
        try:
            part = sock.recv(missing)
        except BlockingIOError:
            part = b""
        if not part:
            return None, data + b"".join(parts[1:])
        parts.append(part)
        missing -= len(part)
    environ["wsgi.input"] = BytesIO(b"".join(parts))
    return (environ, 0), data


def _wait_for(sock: socket.socket, seconds: float) -> None:
    # The kernel's own timeout: a blocking recv then costs one system call, not a poll as well.
    timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)


@lru_cache(1)
def _date(_second: int) -> str:
    return formatdate(_second, usegmt=True)
