"""The hub: one thread that owns every connection of this process.

It reads and writes without ever waiting, and collects what a pass of its loop tells each reader
into one send. Other threads reach it by `call`; nothing else may touch a connection.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from lib import logs
from realtime_host import close_codes, frames, limits, protocol
from realtime_host.connection import Connection, State
from realtime_host.figures import Figures
from realtime_host.listener import Listener
from realtime_host.loop import READABLE, TICK, WRITABLE, Loop
from realtime_host.outbox import TooSlow
from realtime_host.protocol import Broken, Received

RECEIVE_BYTES = 64 * 1024  # in one read


class Hub:
    """All connections; `listener` is told of what happens."""

    def __init__(self, listener: Listener) -> None:
        self.connections: set[Connection] = set()
        self.figures = Figures()
        self.read_at = 0.0  # when the first message of this pass was read; zero: none was
        self.loop = Loop(self._serve, self._turned)
        self._listener = listener
        self._next_tick = 0.0

    def start(self) -> None:
        """Start the thread."""
        self.loop.start()

    def stop(self) -> None:
        """End every connection and the loop, and wait for the thread."""
        self.call(self._end)
        self.loop.stop(limits.CLOSE_WITHIN)

    def call(self, function: Callable[..., None], *args: Any) -> None:
        """Have the hub call `function` on its own thread, in the order of such calls."""
        self.loop.call(function, *args)

    def attach(self, connection: Connection) -> None:
        """Take a connection over: from now on it is read."""
        now = monotonic()
        connection.ping_at = now + limits.PING_EVERY
        connection.recheck_in(now, connection.visitor.ends_in)
        self.connections.add(connection)
        self.loop.add(connection.sock, connection)
        self.figures.opened += 1

    def write(self, connection: Connection, data: bytes) -> None:
        """Send whole frames now if the socket takes them; only while nothing waits."""
        if connection.translate:
            data = connection.translate(data)
        try:
            sent = connection.sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._lose(connection, close_codes.LOST)
            return
        if sent < len(data):
            connection.outbox.keep(data, sent)
            self._watch(connection)

    def hold(self, connection: Connection, items: list[tuple[bytes, str | None]]) -> None:
        """Queue frames for a reader that is behind; one that is too far behind is closed."""
        if connection.translate:
            items = [(connection.translate(frame), key) for frame, key in items]
        outbox = connection.outbox
        try:
            replaced = sum([outbox.hold(frame, key) for frame, key in items])
        except TooSlow:
            self.close(connection, close_codes.TOO_SLOW)
        else:
            self.figures.dropped["replaced"] += replaced

    def close(self, connection: Connection, code: int, reason: str | None = None) -> None:
        """Begin the closing handshake; the connection leaves its room at once."""
        if connection.state is not State.OPEN:
            return
        if code == close_codes.TOO_SLOW:
            self.figures.dropped["too-slow"] += connection.outbox.abandon()
        else:
            self._listener.flush()  # what it was told before comes before the close frame
        self._closing(connection, code)
        self._say(connection, frames.close(code, reason))
        self._listener.left(connection, code)

    def pong(self, connection: Connection, payload: bytes) -> None:
        """Answer a client's ping."""
        self._say(connection, frames.control(frames.PONG, payload))

    def _serve(self, connection: Connection, events: int) -> None:
        try:
            if events & WRITABLE:
                self._catch_up(connection)
            if events & ~WRITABLE and connection.state is not State.GONE:
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
        self.read_at = self.read_at or monotonic()
        try:
            self._hear(connection, data)
        except Broken as broken:
            connection.deaf = True
            self.close(connection, broken.code, broken.reason)
            connection.say_no_more()

    def _hear(self, connection: Connection, data: bytes) -> None:
        said = self._listener.said
        for message in connection.parser.feed(data):
            if not isinstance(message, str):
                self._received(connection, message)
                if connection.deaf:
                    return
            elif connection.state is State.OPEN:
                said(connection, message)

    def _received(self, connection: Connection, message: Received) -> None:
        if message.kind == protocol.CLOSE:
            self._closed_by_peer(connection, message.code)
        elif connection.state is not State.OPEN:
            return
        elif message.kind == protocol.PONG:
            connection.pong_by = 0.0
        else:
            self._listener.heard(connection, message)

    def _catch_up(self, connection: Connection) -> None:
        connection.outbox.flush(monotonic())
        if connection.outbox.waiting:
            return
        if connection.peer_closed:
            self._lose(connection, close_codes.NORMAL)
        else:
            connection.say_no_more()
            self._watch(connection)
            self._listener.drained(connection)

    def _closed_by_peer(self, connection: Connection, code: int) -> None:
        connection.deaf = connection.peer_closed = True
        if connection.state is State.OPEN:
            self._listener.flush()
            self._closing(connection, code)
            own = b"" if code == close_codes.NO_CODE else code.to_bytes(2, "big")
            self._say(connection, frames.control(frames.CLOSE, own))
            self._listener.left(connection, code)
        if not connection.outbox.waiting:
            self._lose(connection, code)

    def _closing(self, connection: Connection, code: int) -> None:
        connection.state = State.CLOSING
        connection.close_by = monotonic() + limits.CLOSE_WITHIN
        self.figures.closed[code] += 1

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
        self.loop.watch(connection.sock, READABLE | (WRITABLE if waiting else 0))

    def _lose(self, connection: Connection, code: int) -> None:
        if connection.state is State.GONE:
            return
        was, connection.state = connection.state, State.GONE
        self.loop.remove(connection.sock)
        connection.sock.close()
        self.connections.discard(connection)
        if was is State.OPEN:
            self.figures.closed[code] += 1
            self._listener.left(connection, code)

    def _turned(self) -> None:
        now = monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK
            self._tick(now)
        self._listener.flush()
        self.read_at = 0.0

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
