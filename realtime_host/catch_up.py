"""Reading the logs of this host's rooms: on worker threads, so that the hub never waits for it.

Redis may lose a message without a word. So the heads of all rooms are compared with Postgres every
few seconds, more often while Redis is away, and that of one room whenever an event is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from lib.bridge import log as logs
from lib.bridge.log import Standing
from lib.errors import AppError
from lib.stores import postgres
from realtime_host import frames, limits
from realtime_host.connection import Connection

if TYPE_CHECKING:
    from realtime_host.log import Event, Log
    from realtime_host.work import Work

Known = dict["Log", tuple[int, int]]  # `seq` and `head` of logs as they were when it was asked


class CatchUp:
    """Owned by the hub thread. What can't be read now is asked for again by the clock."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._unsure: set[Log] = set()
        self._looking = False
        self._looked_at = 0.0

    def look(self, log: Log) -> None:
        """Compare a room's head with Postgres soon, with those of others in one statement."""
        self._unsure.add(log)
        self._go()

    def ticked(self, rooms: Iterable[Log], now: float, *, redis_is_up: bool) -> None:
        """Look at rooms that miss something, at all rooms now and then, and at slow readers."""
        if now >= self._looked_at + (limits.LOOK_EVERY if redis_is_up else limits.LOOK_ALONE):
            self._looked_at = now
            self._unsure.update(rooms)
        patience = limits.GAP_PATIENCE if redis_is_up else 0.0
        for log in rooms:
            if now >= log.stuck_at + patience:
                self._unsure.add(log)
            for connection in tuple(log.apart):
                log.continue_with(connection)
        self._go()

    def read_for_room(self, log: Log) -> None:
        """Read what comes next in a room."""
        if not log.reading:
            log.reading = True
            job = partial(_page, log.room.project_id, log.seq)
            self._work.now(job, partial(self._read_for_room, log))

    def read_for_member(self, log: Log, connection: Connection, after: int) -> None:
        """Read what comes next for one who is behind."""
        job = partial(_page, log.room.project_id, after)
        self._work.now(job, partial(self._read_for_member, log, connection))

    def _go(self) -> None:
        if self._looking or not self._unsure:
            return
        known: Known = {log: (log.seq, log.head) for log in self._unsure}
        self._unsure.clear()
        self._looking = True
        job = partial(_standings, [log.room.project_id for log in known])
        self._work.now(job, partial(self._looked, known))

    def _looked(
        self, known: Known, found: dict[str, Standing] | None, error: AppError | None
    ) -> None:
        self._looking = False
        if error or found is None:
            self._unsure.update(known)  # the next tick asks again
            return
        for log, (seq, head) in known.items():
            if log.room.members:
                log.learn(found.get(log.room.project_id), seq, head)
        self._go()

    def _read_for_room(self, log: Log, events: list[Event] | None, error: AppError | None) -> None:
        log.reading = False
        if not error:
            log.filled(events or [])

    def _read_for_member(
        self, log: Log, connection: Connection, events: list[Event] | None, error: AppError | None
    ) -> None:
        if place := log.apart.get(connection):
            place.reading = False
            if not error:
                log.read(connection, events or [])


def _standings(project_ids: list[str]) -> dict[str, Standing]:
    with postgres.connection() as conn:
        return logs.standings(conn, project_ids)


def _page(project_id: str, after: int) -> list[Event]:
    with postgres.connection() as conn:
        messages = logs.page(conn, project_id, after)
    return [(message, frames.of_message(message)) for message in messages]
