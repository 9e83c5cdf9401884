"""One reader's way out: what its socket does not take now waits here, up to a bound."""

from __future__ import annotations

import socket
from collections import deque

from realtime_host import limits


class TooSlow(Exception):
    """The reader's queue has passed its bound."""


class Outbox:
    """Whole frames to one non-blocking socket, in order; the hub thread is its only writer.

    While the socket is full, frames with a `key` replace older ones of the same key: of a person's
    cursors a slow reader gets the latest. All others are kept, or the reader is closed.
    """

    __slots__ = ("_latest", "_queue", "_size", "_sock", "_spared", "moved_at")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._queue: deque[bytes | memoryview] = deque()
        self._latest: dict[str, bytes] = {}
        self._size = 0  # bytes that wait
        self._spared = 0  # of these, those of a send that had begun: they do not count
        self.moved_at = 0.0  # when the socket last took something while others waited

    @property
    def waiting(self) -> int:
        """How many bytes wait."""
        return self._size

    def keep(self, data: bytes, sent: int) -> None:
        """Queue the rest of `data`, of which the socket took `sent` bytes; nothing else waits."""
        self._queue.append(memoryview(data)[sent:])
        self._size = self._spared = len(data) - sent

    def hold(self, frame: bytes, key: str | None) -> bool:
        """Queue one frame behind what waits; return whether it took the place of an older one.

        Raises TooSlow when that is more than the bound. A long document that is on its way counts
        for nothing: it is sent but once, and STALL says how slowly.
        """
        replaced = b""
        if key is None:
            self._queue.append(frame)
        else:
            replaced = self._latest.pop(key, b"")
            self._latest[key] = frame
        self._size += len(frame) - len(replaced)
        if self._size - self._spared > limits.QUEUE_BYTES:
            raise TooSlow
        return bool(replaced)

    def flush(self, now: float) -> None:
        """Write what waits, as far as the socket takes it; raises OSError."""
        while self._size:
            if not self._queue:
                self._queue.append(b"".join(self._latest.values()))
                self._latest.clear()
            chunk = self._queue[0]
            sent = self._write(chunk)
            if not sent:
                return
            self.moved_at = now
            self._size -= sent
            self._spared = max(0, self._spared - sent)
            if sent < len(chunk):
                self._queue[0] = memoryview(chunk)[sent:]
            else:
                self._queue.popleft()

    def abandon(self) -> int:
        """Forget what waits, but for the frame that is half sent: its rest must not be cut off.

        Returns how many pieces are forgotten.
        """
        half = self._queue[0] if self._queue and isinstance(self._queue[0], memoryview) else None
        forgotten = len(self._queue) + len(self._latest) - (half is not None)
        self._queue.clear()
        self._latest.clear()
        self._size = self._spared = 0
        if half is not None:
            self._queue.append(half)
            self._size = self._spared = len(half)
        return forgotten

    def _write(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
