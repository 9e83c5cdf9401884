"""The loop of the hub's thread: it waits for sockets, and for calls from other threads."""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep
from typing import Any

from lib import logs

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT
TICK = 0.5  # seconds between two looks at the clocks of all connections
BUSY = 0.0004  # seconds that a pass takes from which on they are paced
PACE = 0.002  # seconds from one busy pass to the next, at least
CALLS_FOR = 0.01  # seconds of a pass for calls, if there are many; the rest waits for the next

Serve = Callable[[Any, int], None]  # an owner, and what its socket is ready for


class Loop:
    """One thread; `serve` is called for each ready socket, `turned` at the end of each pass."""

    def __init__(self, serve: Serve, turned: Callable[[], None]) -> None:
        self._serve = serve
        self._turned = turned
        self._poll = select.epoll()
        self._owners: dict[int, Any] = {}  # by descriptor: one that is closed is not in it
        self._inbox: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._bell, self._rung_at = socket.socketpair()
        for end in (self._bell, self._rung_at):
            end.setblocking(False)
        self._rung = False
        self._running = True
        self._thread = Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._poll.register(self._rung_at, READABLE)
        self._thread.start()

    def stop(self, patience: float) -> None:
        """End the loop once what has been called is done; wait so many seconds for it."""
        self.call(self._end)
        self._thread.join(patience)

    def call(self, function: Callable[..., None], *args: Any) -> None:
        """Call `function` on the loop's own thread, in the order of such calls."""
        self._inbox.append((function, args))
        if not self._rung:
            self._rung = True
            try:
                self._bell.send(b"\0")
            except BlockingIOError:
                return  # it has been rung often enough

    def add(self, sock: socket.socket, owner: Any) -> None:
        """Serve `owner` whenever there is something to read."""
        self._owners[sock.fileno()] = owner
        self._poll.register(sock, READABLE)

    def watch(self, sock: socket.socket, events: int) -> None:
        """Serve the owner of `sock` for these events from now on."""
        self._poll.modify(sock, events)

    def remove(self, sock: socket.socket) -> None:
        """Forget a socket that is about to be closed: its number may come back as another's."""
        self._poll.unregister(sock)
        del self._owners[sock.fileno()]

    def _run(self) -> None:
        while self._running:
            try:
                self._pass()
            except Exception as error:  # noqa: BLE001 - one mistake must not end everyone's connection
                logs.exception("hub.failed", kind=type(error).__name__)
        self._poll.close()

    def _pass(self) -> None:
        owners, serve = self._owners, self._serve
        ready, began = self._poll.poll(0 if self._inbox else TICK), monotonic()
        for number, events in ready:
            if owner := owners.get(number):
                serve(owner, events)
            elif number == self._rung_at.fileno():
                self._rung_at.recv(4096)
        self._rung = False
        self._take_calls()
        self._turned()
        if BUSY <= (took := monotonic() - began) < PACE:
            sleep(PACE - took)  # what comes meanwhile is read, and told, together

    def _take_calls(self) -> None:
        until = monotonic() + CALLS_FOR
        for _ in range(len(self._inbox)):
            function, args = self._inbox.popleft()
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001 - the next call has nothing to do with it
                logs.exception("hub.call-failed", kind=type(error).__name__)
            if monotonic() > until:  # a thousand who join at once hold nobody else up
                return

    def _end(self) -> None:
        self._running = False
