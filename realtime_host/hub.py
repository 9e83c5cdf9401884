"""The hub: one thread that owns every connection of this process.

It reads and writes without ever waiting, and collects what a pass of its loop tells each reader
into one send. Other threads reach it by `call`; nothing else may touch a connection.
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter, deque
from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Any, Protocol

from lib import logs
from realtime_host import close_codes, frames, limits, protocol
from realtime_host.connection import Connection, State
from realtime_host.outbox import TooSlow
from realtime_host.protocol import Broken, Received

RECEIVE_BYTES = 64 * 1024  # in one read
TICK = 0.5  # seconds between two looks at the clocks of all connections


class Listener(Protocol):
    """What the hub tells, always on its own thread."""

    def heard(self, connection: Connection, message: Received) -> None:
        """Handle a text or binary message."""

    def left(self, connection: Connection, code: int) -> None:
        """Handle that a connection is not open any more."""

    def drained(self, connection: Connection) -> None:
        """Handle that a reader who was behind has taken everything."""

    def ticked(self, now: float) -> None:
        """Look at whatever depends on time."""

    def flush(self) -> None:
        """Hand on what this pass has gathered for the readers."""


class Hub:
    """The loop; `listener` is told of what happens."""

    def __init__(self, listener: Listener) -> None:
        self.connections: set[Connection] = set()
        self.counts: Counter[str] = Counter()
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._bell, self._rung_at = socket.socketpair()
        for end in (self._bell, self._rung_at):
            end.setblocking(False)
        self._rung = False
        self._running = True
        self._next_tick = 0.0
        self._thread = Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._selector.register(self._rung_at, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """End the loop and wait for the thread."""
        self.call(self._end)
        self._thread.join(limits.CLOSE_WITHIN)

    def call(self, function: Callable[..., None], *args: Any) -> None:
        """Have the hub call `function` on its own thread, in the order of such calls."""
        self._inbox.append((function, args))
        if not self._rung:
            self._rung = True
            try:
                self._bell.send(b"\0")
            except BlockingIOError:
                return  # it has been rung often enough

    def attach(self, connection: Connection) -> None:
        """Take a connection over: from now on it is read."""
        now = monotonic()
        connection.ping_at = now + limits.PING_EVERY
        connection.recheck_in(now, connection.visitor.ends_in)
        self.connections.add(connection)
        self._selector.register(connection.sock, selectors.EVENT_READ, connection)
        self.counts["opened"] += 1

    def write(self, connection: Connection, data: bytes) -> None:
        """Send whole frames now if the socket takes them; only while nothing waits."""
        if connection.translate:
            data = connection.translate(data)
        try:
            connection.outbox.send(data)
        except OSError:
            self._lose(connection, close_codes.LOST)
        else:
            self._watch(connection)

    def hold(self, connection: Connection, items: list[tuple[bytes, str | None]]) -> None:
        """Queue frames for a reader that is behind; one that is too far behind is closed."""
        if connection.translate:
            items = [(connection.translate(frame), key) for frame, key in items]
        try:
            for frame, key in items:
                connection.outbox.hold(frame, key)
        except TooSlow:
            self.close(connection, close_codes.TOO_SLOW)

    def close(self, connection: Connection, code: int, reason: str | None = None) -> None:
        """Begin the closing handshake; the connection leaves its room at once."""
        if connection.state is not State.OPEN:
            return
        if code == close_codes.TOO_SLOW:
            connection.outbox.abandon()
        else:
            self._listener.flush()  # what it was told before comes before the close frame
        connection.state = State.CLOSING
        connection.close_by = monotonic() + limits.CLOSE_WITHIN
        self.counts[f"closed_{code}"] += 1
        self._say(connection, frames.close(code, reason))
        self._listener.left(connection, code)

    def pong(self, connection: Connection, payload: bytes) -> None:
        """Answer a client's ping."""
        self._say(connection, frames.control(frames.PONG, payload))

    def _run(self) -> None:
        while self._running:
            try:
                self._pass()
            except Exception as error:  # noqa: BLE001 - one mistake must not end everyone's connection
                logs.exception("hub.failed", kind=type(error).__name__)
        self._selector.close()

    def _pass(self) -> None:
        for key, mask in self._selector.select(TICK):
            connection = key.data
            if connection is None:
                self._rung_at.recv(4096)
            elif connection.state is not State.GONE:
                self._serve(connection, mask)
        self._rung = False
        for _ in range(len(self._inbox)):
            function, args = self._inbox.popleft()
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001 - the next call has nothing to do with it
                logs.exception("hub.call-failed", kind=type(error).__name__)
        now = monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK
            self._tick(now)
        self._listener.flush()

    def _serve(self, connection: Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._catch_up(connection)
            if mask & selectors.EVENT_READ and connection.state is not State.GONE:
                self._read(connection)
        except OSError:
            self._lose(connection, close_codes.LOST)
        except Exception as error:  # noqa: BLE001 - costs this connection, and no other
            logs.exception("connection.failed", kind=type(error).__name__)
            self.close(connection, close_codes.INTERNAL)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._lose(connection, close_codes.LOST)
            return
        if connection.deaf:
            return
        try:
            for message in connection.parser.feed(data):
                self._received(connection, message)
                if connection.deaf:
                    return
        except Broken as broken:
            connection.deaf = True
            self.close(connection, broken.code, broken.reason)

    def _catch_up(self, connection: Connection) -> None:
        connection.outbox.flush(monotonic())
        if connection.outbox.waiting:
            return
        if connection.peer_closed:
            self._lose(connection, close_codes.NORMAL)
        else:
            self._watch(connection)
            self._listener.drained(connection)

    def _received(self, connection: Connection, message: Received) -> None:
        kind = message.kind
        if kind == protocol.CLOSE:
            self._closed_by_peer(connection, message.code)
        elif connection.state is not State.OPEN:
            return
        elif kind == protocol.PONG:
            connection.pong_by = 0.0
        else:
            self.counts["received"] += 1
            self._listener.heard(connection, message)

    def _closed_by_peer(self, connection: Connection, code: int) -> None:
        connection.deaf = connection.peer_closed = True
        if connection.state is State.OPEN:
            self._listener.flush()
            connection.state = State.CLOSING
            connection.close_by = monotonic() + limits.CLOSE_WITHIN
            self.counts[f"closed_{code}"] += 1
            own = b"" if code == close_codes.NO_CODE else code.to_bytes(2, "big")
            self._say(connection, frames.control(frames.CLOSE, own))
            self._listener.left(connection, code)
        if not connection.outbox.waiting:
            self._lose(connection, code)

    def _say(self, connection: Connection, frame: bytes) -> None:
        if connection.outbox.waiting:
            self.hold(connection, [(frame, None)])
        else:
            self.write(connection, frame)

    def _watch(self, connection: Connection) -> None:
        waiting = connection.outbox.waiting > 0
        if waiting is connection.writing or connection.state is State.GONE:
            return
        connection.writing = waiting
        if waiting:
            connection.outbox.moved_at = monotonic()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0)
        self._selector.modify(connection.sock, events, connection)

    def _lose(self, connection: Connection, code: int) -> None:
        if connection.state is State.GONE:
            return
        was, connection.state = connection.state, State.GONE
        self._selector.unregister(connection.sock)
        connection.sock.close()
        self.connections.discard(connection)
        if was is State.OPEN:
            self.counts[f"closed_{code}"] += 1
            self._listener.left(connection, code)

    def _tick(self, now: float) -> None:
        for connection in tuple(self.connections):
            if connection.state is State.CLOSING:
                if now >= connection.close_by:
                    self._lose(connection, close_codes.LOST)
            elif connection.writing and now > connection.outbox.moved_at + limits.STALL:
                self.close(connection, close_codes.TOO_SLOW)
            elif connection.pong_by:
                if now > connection.pong_by:
                    self.close(connection, close_codes.POLICY)
            elif now >= connection.ping_at:
                connection.ping_at = now + limits.PING_EVERY
                connection.pong_by = now + limits.PONG_WITHIN
                self._say(connection, frames.control(frames.PING))
        self._listener.ticked(now)

    def _end(self) -> None:
        for connection in tuple(self.connections):
            self._lose(connection, close_codes.RESTART)
        self._running = False
