"""The lines that one attempt logs: bounded in number and size, and written several at once."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import Any

from lib.ids import new_text

MAX_LINES = 1000  # of one attempt
MAX_CHARACTERS = 256 * 1024  # of one attempt
MAX_LINE = 1000  # characters
AT_ONCE = 50  # lines that are not kept waiting for more
WRITE_EVERY = 0.5  # seconds between two writes
LEFT_OUT = "There was more, which was not kept."

Row = dict[str, Any]


class Lines:
    """What waits to be written; the first line does not wait."""

    def __init__(self) -> None:
        self._waiting: list[Row] = []
        self._count = 0
        self._characters = 0
        self._written = float("-inf")

    def add(self, message: str) -> None:
        """Take a line; of what is beyond the bounds only that it was there."""
        if self._count > MAX_LINES or self._characters > MAX_CHARACTERS:
            return
        text = message.encode(errors="replace").decode().replace("\0", "")[:MAX_LINE]
        self._count += 1
        self._characters += len(text)
        if self._count > MAX_LINES or self._characters > MAX_CHARACTERS:
            text = LEFT_OUT
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._waiting.append({"id": new_text(), "at": at, "message": text})

    def due(self) -> bool:
        """Return whether to write now."""
        waited = monotonic() - self._written >= WRITE_EVERY
        return bool(self._waiting) and (waited or len(self._waiting) >= AT_ONCE)

    def take(self) -> list[Row]:
        """Return what waits; it waits no longer."""
        taken, self._waiting = self._waiting, []
        self._written = monotonic()
        return taken
