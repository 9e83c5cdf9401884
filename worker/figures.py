"""What a worker counts, from whichever thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from threading import Lock

from lib.exposition import Histogram

BOUNDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)
LOST = "lease-lost"


class Figures:
    """Counts since the start of the process."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str]] = Counter()  # by kind, and what became of the job
        self.lease_losses = 0
        self.attempts = Histogram(BOUNDS)  # from the claim to the end
        self.waits = Histogram(BOUNDS)  # from when a job was due to the claim
        self._guard = Lock()

    def claimed(self, waits: Iterable[float]) -> None:
        """Count jobs that were claimed so many seconds after they were due."""
        with self._guard:
            for seconds in waits:
                self.waits.observe(seconds)

    def end(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an attempt that has ended."""
        with self._guard:
            self.ended[kind, outcome] += 1
            self.lease_losses += outcome == LOST
            self.attempts.observe(seconds)
