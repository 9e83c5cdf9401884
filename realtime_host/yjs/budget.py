"""How long a connection's messages may be worked on: a few bytes of Yjs can take long to merge."""

from __future__ import annotations

from time import monotonic

from realtime_host import limits


class Budget:
    """Seconds of CPU that refill with time."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = limits.MERGE_BURST
        self._at = monotonic()

    def spend(self, seconds: float) -> bool:
        """Take what an update has cost; return whether anything is left."""
        now = monotonic()
        refilled = self._left + (now - self._at) * limits.MERGE_SHARE
        self._left = min(refilled, limits.MERGE_BURST) - seconds
        self._at = now
        return self._left > 0
