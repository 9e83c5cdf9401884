"""How many messages to take at once: one while jobs take long, many while they are short."""

from __future__ import annotations

AHEAD = 0.05  # seconds of work that may wait for each thread
MOST = 600  # messages; the more, the fewer times a room's log is counted on
WEIGHT = 0.1  # of the newest duration in the running mean


class Pace:
    """The running mean of how long handlers take; until something is known, they take long."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._mean = AHEAD

    def took(self, seconds: float) -> None:
        """Take note of how long a handler took."""
        self._mean += WEIGHT * (seconds - self._mean)

    def ahead(self) -> int:
        """Return how many messages to take at once."""
        return max(1, min(MOST, int(self._threads * AHEAD / max(self._mean, 1e-6)) - self._threads))
