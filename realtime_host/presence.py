"""This host's part of presence: it writes whom it holds, and reads whom the others hold."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from lib import logs
from lib.bridge import keys, presence
from lib.bridge.messages import Message
from lib.bridge.presence import HostState, Person
from lib.errors import Unavailable
from realtime_host import limits
from realtime_host.publisher import Publisher

GATHER = 0.02  # seconds in which changes are gathered into one write
GATHER_MOST = 0.5  # seconds, when so much changes that writing it takes long
SHARE = 5  # of all time, one such part at most goes into writing and reading

Learned = Callable[[str, dict[str, HostState]], None]  # a project, and its other hosts' people


class Presence:
    """One thread: every beat it writes all rooms and reads them; on a change, the changed ones."""

    def __init__(self, host_id: str, publisher: Publisher, learned: Learned) -> None:
        self._host_id = host_id
        self._publisher = publisher
        self._learned = learned
        self._rooms: dict[str, list[Person]] = {}  # those with people, and those just emptied
        self._changed: set[str] = set()
        self._unread: set[str] = set()
        self._beat = 0
        self._turn = Condition()
        self._running = True
        self._thread = Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Say that this host holds nobody any more, if Redis is there, and end the thread."""
        with self._turn:
            self._running = False
            self._turn.notify()
        self._thread.join(limits.PRESENCE_BEAT)

    def hold(self, project_id: str, people: list[Person]) -> None:
        """Have it known that this host now holds `people`, perhaps nobody, in a room."""
        with self._turn:
            self._rooms[project_id] = people
            self._changed.add(project_id)
            self._turn.notify()

    def look(self, project_id: str) -> None:
        """Read a room again soon: another host has changed it, or this one has just joined it."""
        with self._turn:
            self._unread.add(project_id)
            self._turn.notify()

    def peek(self, project_id: str) -> dict[str, HostState]:
        """Return the other hosts' people of a room now; raises Unavailable."""
        return self._others({project_id}).get(project_id, {})

    def _run(self) -> None:
        next_beat, gather = 0.0, GATHER
        while self._running:
            with self._turn:
                self._turn.wait_for(self._due, max(0.0, next_beat - monotonic()))
            if self._running:
                with self._turn:
                    self._turn.wait_for(lambda: not self._running, gather)
            began = monotonic()
            beats = began >= next_beat
            if beats:
                next_beat = began + limits.PRESENCE_BEAT
            self._turn_once(everything=beats)
            gather = max(GATHER, min((SHARE - 1) * (monotonic() - began), GATHER_MOST))

    def _due(self) -> bool:
        return bool(self._changed or self._unread or not self._running)

    def _turn_once(self, *, everything: bool) -> None:
        with self._turn:
            if not self._running:
                self._rooms = {room: [] for room in self._rooms}
                self._changed = set(self._rooms)
            changed, self._changed = self._changed, set()
            unread, self._unread = self._unread, set()
            rooms = dict(self._rooms)
        try:
            self._write({room: rooms[room] for room in (rooms if everything else changed)})
            for room in changed:
                self._publisher.publish(keys.room(room), Message.new(presence.PRESENCE_CHANGED, {}))
            held = {room for room, people in rooms.items() if people}
            for room, states in self._others(held if everything else unread).items():
                self._learned(room, states)
        except Unavailable:
            return  # the next beat writes and reads everything
        except Exception as error:  # noqa: BLE001 - this thread is the host's only sign of life
            logs.exception("presence.failed", kind=type(error).__name__)
        else:
            self._forget_empty(rooms)

    def _write(self, rooms: dict[str, list[Person]]) -> None:
        self._beat += 1
        presence.write(self._host_id, self._beat, rooms, limits.PRESENCE_TTL)

    def _others(self, rooms: set[str]) -> dict[str, dict[str, HostState]]:
        found = presence.read(rooms)
        for states in found.values():
            states.pop(self._host_id, None)
        return found

    def _forget_empty(self, written: dict[str, list[Person]]) -> None:
        with self._turn:
            for room, people in written.items():
                if not people and not self._rooms.get(room) and room not in self._changed:
                    self._rooms.pop(room, None)
