"""Who may still come in: how many connections a person, a room and an address have on this host."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network
from threading import Lock

from lib.errors import AppError
from realtime_host import limits

OWN_BITS = 64  # of an IPv6 address (RFC 6177: a site gets at least one such network)


class Crowded(AppError):
    """There are as many connections as are allowed."""

    status, type, title = 429, "too-many-connections", "There are too many connections"


class Seats:
    """Counted before the handshake, by many threads at once.

    A seat has a name: of a person, a room or an address, whichever it is that it is counted for.
    """

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    def come_in(self, address: str) -> str:
        """Take a seat for whoever comes from an address, before anything is asked of Postgres.

        Returns its name; raises Crowded when the address has none left.
        """
        name, most = neighbourhood(address), limits.CONNECTIONS_PER_ADDRESS
        with self._lock:
            self._check(name, most, f"One address may have {most} connections; close one first.")
            self._taken[name] += 1
        return name

    def take(self, user_id: str, project_id: str) -> None:
        """Take a seat of a person and one of a room; raises Crowded when either has none left."""
        most, room = limits.CONNECTIONS_PER_PERSON, limits.CONNECTIONS_PER_ROOM
        with self._lock:
            self._check(user_id, most, f"One person may have {most} connections; close one first.")
            self._check(project_id, room, f"A room holds {room} connections.")
            self._taken[user_id] += 1
            self._taken[project_id] += 1

    def free(self, *names: str) -> None:
        """Give seats back."""
        with self._lock:
            for name in names:
                self._taken[name] -= 1
                if self._taken[name] <= 0:
                    del self._taken[name]

    def _check(self, name: str, most: int, refusal: str) -> None:
        if self._taken[name] >= most:
            raise Crowded(refusal)


def neighbourhood(address: str) -> str:
    """Return what of an address is counted: of IPv6, the 64 bits that one customer is given."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if found.version == 4 else str(ip_network((found, OWN_BITS), strict=False))
