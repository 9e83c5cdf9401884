"""Open sockets follow what people may do: looked up again on word of a change, and every minute."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import NamedTuple

from lib.access import lookups
from lib.errors import AppError, Forbidden, NotFound, Unauthenticated
from lib.stores import postgres
from realtime_host import limits
from realtime_host.close_codes import NO_ACCESS, SESSION_OVER
from realtime_host.connection import Connection, State
from realtime_host.hub import Hub
from realtime_host.work import Work

RoleChanged = Callable[[Connection, str], None]


class Found(NamedTuple):
    """What a look-up says of a connection: its person's role, and when session or token ends."""

    role: str
    ends_in: float | None


class AccessChecks:
    """Owned by the hub thread; the look-ups themselves run on the worker threads."""

    def __init__(self, hub: Hub, work: Work, role_changed: RoleChanged) -> None:
        self._hub = hub
        self._work = work
        self._role_changed = role_changed
        self._connections: dict[str, set[Connection]] = {}
        self._recent: dict[str, float] = {}  # when somebody's access was last said to have changed

    def watch(self, connection: Connection) -> None:
        """Keep an eye on a connection; also on what was said while it was still connecting."""
        self._connections.setdefault(connection.user_id, set()).add(connection)
        if connection.user_id in self._recent:
            self.check(connection)

    def unwatch(self, connection: Connection) -> None:
        """Forget a connection that has closed."""
        mine = self._connections.get(connection.user_id, set())
        mine.discard(connection)
        if not mine:
            self._connections.pop(connection.user_id, None)

    def changed(self, user_id: str, age: float) -> None:
        """Look again at everything of somebody whose access changed, as was said `age` s ago."""
        self._recent[user_id] = monotonic() - age
        for connection in self._connections.get(user_id, ()):
            self.check(connection)

    def ticked(self, now: float) -> None:
        """Look again at whatever has not been looked at for a while: messages can be lost."""
        for connection in self._hub.connections:
            if connection.state is State.OPEN and now >= connection.recheck_at:
                self.check(connection)
        for user_id, at in list(self._recent.items()):
            if now > at + limits.RECENT:
                del self._recent[user_id]

    def check(self, connection: Connection) -> None:
        """Look up the session and the role behind a connection, and act on it."""
        connection.recheck_at = monotonic() + limits.RECHECK
        self._work.now(partial(_look_up, connection), partial(self._found, connection))

    def _found(self, connection: Connection, found: Found | None, error: AppError | None) -> None:
        if connection.state is not State.OPEN:
            return
        if isinstance(error, Unauthenticated):
            self._end(connection, SESSION_OVER)
        elif isinstance(error, NotFound | Forbidden):
            self._end(connection, NO_ACCESS)
        elif found:
            connection.recheck_in(monotonic(), found.ends_in)
            if found.role != connection.role:
                self._role_changed(connection, found.role)

    def _end(self, connection: Connection, code: int) -> None:
        self._hub.close(connection, code)
        if said_at := self._recent.get(connection.user_id):
            self._hub.figures.revocation.observe(monotonic() - said_at)


def _look_up(connection: Connection) -> Found:
    visitor = connection.visitor
    with postgres.connection() as conn:
        access = lookups.find(
            conn, "room.join", visitor.claims, visitor.caller.origin, visitor.project["id"]
        )
    return Found(str(access.role), access.ends_in)
