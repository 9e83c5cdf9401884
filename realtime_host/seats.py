"""Who may still come in: how many connections a person and a room have on this host."""

from __future__ import annotations

from collections import Counter
from threading import Lock

from lib.errors import AppError
from realtime_host import limits


class Crowded(AppError):
    """There are as many connections as are allowed."""

    status, type, title = 429, "too-many-connections", "There are too many connections"


class Seats:
    """Counted before the handshake, by many threads at once."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    def take(self, user_id: str, project_id: str) -> None:
        """Take a seat; raises Crowded when the person or the room has none left."""
        with self._lock:
            if self._taken[user_id] >= limits.CONNECTIONS_PER_PERSON:
                most = limits.CONNECTIONS_PER_PERSON
                raise Crowded(f"One person may have {most} connections; close one first.")
            if self._taken[project_id] >= limits.CONNECTIONS_PER_ROOM:
                raise Crowded(f"A room holds {limits.CONNECTIONS_PER_ROOM} connections.")
            self._taken[user_id] += 1
            self._taken[project_id] += 1

    def free(self, user_id: str, project_id: str) -> None:
        """Give a seat back."""
        with self._lock:
            for name in (user_id, project_id):
                self._taken[name] -= 1
                if self._taken[name] <= 0:
                    del self._taken[name]
