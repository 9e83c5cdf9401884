"""How fast a client may talk: a bucket of messages that refills with time."""

from __future__ import annotations

from enum import Enum
from time import monotonic

from realtime_host import limits


class Verdict(Enum):
    """What becomes of one more message."""

    ACCEPTED = 1
    REFUSED = 2
    HOPELESS = 3  # so many were refused in a row that the connection is closed


class Rate:
    """One connection's bucket."""

    __slots__ = ("_at", "_left", "_refused")

    def __init__(self) -> None:
        self._left = float(limits.BURST)
        self._at = monotonic()
        self._refused = 0

    def take(self) -> Verdict:
        """Count one message."""
        now = monotonic()
        left = self._left + (now - self._at) * limits.MESSAGES_PER_SECOND
        self._at = now
        if left > limits.BURST:
            left = float(limits.BURST)
        if self._refused and left >= limits.BURST / 2:
            self._refused = 0
        if left >= 1:
            self._left = left - 1
            return Verdict.ACCEPTED
        self._left = left
        self._refused += 1
        return Verdict.HOPELESS if self._refused > limits.REFUSALS else Verdict.REFUSED
