"""The porch: where clients of Socket.IO wait who have not said yet who they are.

Theirs is a thread of its own, so that the hub knows none but members. Whoever connects is looked up
on a few more threads, and then is the host's; everybody else is sent away.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from time import monotonic
from typing import Any

from lib import logs
from lib.errors import Unavailable
from realtime_host import close_codes, dispatch, frames, limits, protocol
from realtime_host.connection import Connection
from realtime_host.protocol import Broken, Received
from realtime_host.seats import Seats, neighbourhood
from realtime_host.socketio import engine, packets
from realtime_host.socketio.connecting import identify
from realtime_host.socketio.guest import Guest, PacketConnection
from realtime_host.socketio.packets import MAIN

RECEIVE_BYTES = 64 * 1024  # in one read
TICK = 0.25  # seconds between two looks at the clock


class Porch:
    """One thread; `join` is told, on another one, of each who may come in."""

    def __init__(self, seats: Seats, join: Callable[[Connection], None]) -> None:
        self._seats = seats
        self._join = join
        self._waiting: dict[Guest, None] = {}  # for their CONNECT, or the end; the oldest first
        self._asking: set[Guest] = set()  # who connect, and are being looked up
        self._selector = selectors.DefaultSelector()
        self._inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._bell, self._rung_at = socket.socketpair()
        for end in (self._bell, self._rung_at):
            end.setblocking(False)
        self._pool = ThreadPoolExecutor(limits.CONNECT_THREADS, thread_name_prefix="connect")
        self._open = True
        self._next_tick = 0.0
        self._thread = Thread(target=self._run, name="porch", daemon=True)

    @property
    def guests(self) -> int:
        """How many are here: those who are to say who they are, and those being looked up."""
        return len(self._waiting) + len(self._asking)

    def start(self) -> None:
        """Start the thread."""
        self._selector.register(self._rung_at, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Send everybody away, and end the thread."""
        self._call(self._close)
        self._thread.join(2 * limits.CLOSE_WITHIN)
        self._pool.shutdown(cancel_futures=True)

    def check(self) -> None:
        """Raise Unavailable when so many are being looked up that one more would wait too long."""
        if len(self._asking) >= limits.GUESTS:
            raise Unavailable("Too many clients are just connecting; try again in a moment.")

    def receive(self, guest: Guest) -> None:
        """Take in a new one; called by the thread that did the handshake."""
        self._call(self._enter, guest)

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        self._inbox.append((function, args))
        try:
            self._bell.send(b"\0")
        except BlockingIOError:
            return  # it has been rung often enough

    def _run(self) -> None:
        while self._open or self._waiting or self._asking:
            try:
                self._pass()
            except Exception as error:  # noqa: BLE001 - one mistake must not close the door for all
                logs.exception("porch.failed", kind=type(error).__name__)
        self._selector.close()

    def _pass(self) -> None:
        for key, _ in self._selector.select(TICK):
            if key.data is None:
                self._rung_at.recv(4096)
            else:
                self._serve(key.data)
        while self._inbox:
            function, args = self._inbox.popleft()
            function(*args)
        now = monotonic()
        if now >= self._next_tick:
            self._next_tick = now + TICK
            self._look_at_the_clock(now)

    def _enter(self, guest: Guest) -> None:
        self._await(guest)
        self._say(guest, frames.whole(engine.opening().encode()))
        if not self._open:
            self._dismiss(guest, close_codes.RESTART)
        elif len(self._waiting) > limits.GUESTS:  # whoever means to connect does so at once
            oldest = next(iter(self._waiting))
            self._dismiss(oldest, close_codes.TRY_LATER)
            self._lose(oldest)

    def _serve(self, guest: Guest) -> None:
        try:
            data = guest.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(guest)
            return
        try:
            messages = list(guest.parser.feed(data))
            if any(isinstance(each, Received) and each.kind == protocol.CLOSE for each in messages):
                self._say(guest, frames.close(close_codes.NORMAL, ""))
                self._lose(guest)
            elif not guest.leaving:
                self._heard(guest, messages)
        except Broken as broken:
            self._dismiss(guest, broken.code, broken.reason)

    def _heard(self, guest: Guest, messages: list[str | Received]) -> None:
        guest.messages += len(messages)
        if guest.messages > limits.GUEST_MESSAGES:
            self._dismiss(guest, close_codes.TOO_MANY)
            return
        wishes = [wish for message in messages if (wish := self._wish(guest, message)) is not None]
        if len(wishes) > 1:
            raise Broken(close_codes.POLICY, "Connect once.")
        if wishes and not guest.leaving:
            self._leave(guest)
            self._asking.add(guest)
            self._pool.submit(self._admit, guest, wishes[0])

    def _wish(self, guest: Guest, message: str | Received) -> str | None:
        """Return the payload of a CONNECT; answer whatever else may come before one."""
        if isinstance(message, Received):
            if message.kind == protocol.BINARY:
                raise Broken(close_codes.PROTOCOL_ERROR, "Connect first.")
            if message.kind == protocol.PING:
                self._say(guest, frames.control(frames.PONG, message.payload))
        else:
            packet = packets.unpack(message)
            if packet.kind != packets.CONNECT:
                raise Broken(close_codes.POLICY, "Connect first.")
            if packet.namespace == MAIN:
                return packet.payload
            problem = packets.no_namespace().problem()
            text = packets.connect_error(problem, packet.namespace)
            self._say(guest, frames.whole(text.encode()))
        return None

    def _admit(self, guest: Guest, payload: str) -> None:
        logs.request_id.set(guest.origin.request_id)
        try:
            connection = PacketConnection(guest, identify(payload, guest.origin))
            self._seats.take(connection.user_id, connection.project_id)
        except Exception as error:  # noqa: BLE001 - translated, and logged if it is our fault
            self._call(self._refuse, guest, dispatch.problem(error))
        else:
            self._call(self._asking.discard, guest)
            self._join(connection)

    def _refuse(self, guest: Guest, problem: dict[str, Any]) -> None:
        logs.info("socketio.refused", status=problem["status"], type=problem["type"])
        self._asking.discard(guest)
        self._await(guest)
        if problem["status"] >= 500:  # without a CONNECT_ERROR, its client tries again by itself
            self._dismiss(guest, close_codes.TRY_LATER)
        else:
            self._say(guest, frames.whole(packets.connect_error(problem).encode()))
            self._dismiss(guest, close_codes.NORMAL)

    def _say(self, guest: Guest, frame: bytes) -> None:
        """Send what is so short that it fits, or lose somebody who reads nothing."""
        if guest.leaving:
            return
        try:
            whole = guest.sock.send(frame) == len(frame)
        except OSError:
            whole = False
        if not whole:
            guest.leaving, guest.until = True, 0.0

    def _dismiss(self, guest: Guest, code: int, reason: str | None = None) -> None:
        self._say(guest, frames.close(code, reason))
        if not guest.leaving:
            guest.leaving, guest.until = True, monotonic() + limits.CLOSE_WITHIN

    def _lose(self, guest: Guest) -> None:
        self._leave(guest)
        guest.sock.close()
        self._seats.free(neighbourhood(guest.origin.address))

    def _await(self, guest: Guest) -> None:
        self._waiting[guest] = None
        self._selector.register(guest.sock, selectors.EVENT_READ, guest)

    def _leave(self, guest: Guest) -> None:
        del self._waiting[guest]
        self._selector.unregister(guest.sock)

    def _look_at_the_clock(self, now: float) -> None:
        for guest in [guest for guest in self._waiting if now >= guest.until]:
            if guest.leaving:
                self._lose(guest)
            else:
                self._dismiss(guest, close_codes.POLICY, "No CONNECT came in time.")

    def _close(self) -> None:
        self._open = False
        for guest in tuple(self._waiting):
            self._dismiss(guest, close_codes.RESTART)
