"""A circuit breaker: a store that lets callers wait in vain is left alone for a while.

pybreaker holds a lock during each call, which would put all callers in one line, and circuitbreaker
counts failures whatever they cost and sends everybody at once to try again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic


class Open(Exception):
    """It has cost too much of late; it is not asked now."""


class Breaker:
    """Opens when failures in a row have cost `patience` seconds together; one success closes it.

    Failures that come at once cost nothing, so they change nothing. While it is open, one caller in
    `pause` seconds tries again, and the others need not wait for what comes of it.
    """

    def __init__(self, patience: float, pause: float) -> None:
        self._patience, self._pause = patience, pause
        self._lock = Lock()
        self._lost = 0.0  # seconds
        self._next = 0.0  # when somebody may try again

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Watch over one call; raises Open instead of letting it begin."""
        self._admit()
        began = monotonic()
        try:
            yield
        except Exception:
            self._failed(monotonic() - began)
            raise
        self._lost = 0.0

    def close(self) -> None:
        """Let the next call begin, whatever those before it have cost."""
        self._lost = 0.0

    def _admit(self) -> None:
        if self._lost < self._patience:
            return
        with self._lock:
            now = monotonic()
            if now < self._next:
                raise Open
            self._next = now + self._pause

    def _failed(self, took: float) -> None:
        with self._lock:
            self._lost += took
            self._next = monotonic() + self._pause
