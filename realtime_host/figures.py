"""What a host counts, cheaply: once for a pass of the hub where that will do."""

from __future__ import annotations

from collections import Counter

from lib.exposition import Histogram

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class Figures:
    """Owned by the hub thread; others only read."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed: Counter[int] = Counter()  # by close code
        self.received: Counter[str] = Counter()  # by event
        self.errors = 0  # told to clients
        self.fanned_out = 0  # frames told to a room
        self.delivered = 0  # the same, once for each member who was given them
        self.dropped: Counter[str] = Counter()  # not delivered to a slow reader, by reason
        self.delivery = Histogram(BOUNDS)  # from reading the socket to writing to the members'
        self.revocation = Histogram(BOUNDS)  # from word of a change to the end of the connection
