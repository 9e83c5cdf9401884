"""What the hub tells the rest of the host of its connections."""

from __future__ import annotations

from typing import Protocol

from realtime_host.connection import Connection
from realtime_host.protocol import Received


class Listener(Protocol):
    """What the hub tells, always on its own thread."""

    def said(self, connection: Connection, text: str) -> None:
        """Handle a text message."""

    def heard(self, connection: Connection, message: Received) -> None:
        """Handle a binary message, or a ping."""

    def left(self, connection: Connection, code: int) -> None:
        """Handle that a connection is not open any more."""

    def drained(self, connection: Connection) -> None:
        """Handle that a reader who was behind has taken everything."""

    def ticked(self, now: float) -> None:
        """Look at whatever depends on time."""

    def flush(self) -> None:
        """Hand on what this pass has gathered for the readers."""
