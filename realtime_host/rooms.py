"""A room: the members of one project on this host, and what they are told of who is here."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from lib.bridge.presence import HostState, Person
from realtime_host import frames, limits
from realtime_host.audience import Audience
from realtime_host.connection import Connection
from realtime_host.hub import Hub

NEVER = float("inf")


class Elsewhere(NamedTuple):
    """Another host's people in a room, by their ids, and when this beat of it was heard."""

    people: dict[str, Person]
    beat: int
    at: float


class Room(Audience):
    """Owned by the hub thread.

    Presence is told as the difference between who was here when it was last told and who is here
    now.
    """

    def __init__(self, project_id: str, hub: Hub, dirty: set[Audience]) -> None:
        super().__init__(hub, dirty)
        self.project_id = project_id
        self.told: dict[str, Person] = {}  # who is here, as far as the members know
        self._mine: dict[str, Person] = {}  # this host's own people
        self._connected: Counter[str] = Counter()  # how many connections each of them has here
        self.settle_by = NEVER  # when to settle, even if nothing is learned of the other hosts
        self._remote: dict[str, Elsewhere] = {}  # by host

    @property
    def shared(self) -> bool:
        """Whether another host holds people of this room too."""
        return bool(self._remote)

    def local_people(self) -> list[Person]:
        """Return this host's own people, each once."""
        return list(self._mine.values())

    def enter(self, connection: Connection) -> None:
        """Add a member, and tell the others when that brings somebody new."""
        self.members[connection] = None
        self._connected[connection.user_id] += 1
        self.renew(connection)
        connection.taken = len(self._frames)
        self.settle()
        connection.taken = len(self._frames)

    def leave(self, connection: Connection) -> None:
        """Remove a member; whether that takes somebody away shows when the room settles."""
        del self.members[connection]
        self._connected[connection.user_id] -= 1
        if not self._connected[connection.user_id]:
            del self._connected[connection.user_id], self._mine[connection.user_id]

    def renew(self, connection: Connection) -> None:
        """Show a member as they are now, with the next that the room is told of its people."""
        self._mine[connection.user_id] = connection.person

    def learn(self, states: dict[str, HostState], now: float) -> None:
        """Take in what the other hosts say of their people."""
        for host_id, state in states.items():
            known = self._remote.get(host_id)
            if known is None or known.beat != state.beat:
                people = {person["user"]["id"]: person for person in state.people}
                self._remote[host_id] = Elsewhere(people, state.beat, now)
        self.forget_silent(now)

    def forget_silent(self, now: float) -> None:
        """Let go the people of hosts that have left, or have been silent for too long."""
        silent_since = now - limits.PRESENCE_TTL
        for host_id, state in list(self._remote.items()):
            if not state.people or state.at < silent_since:
                del self._remote[host_id]
        self.settle()

    def settle(self) -> None:
        """Tell the members who came and who left since they were last told."""
        here, self.settle_by = self._here(), NEVER
        before, self.told = self.told, here
        for user_id in here.keys() - before.keys():
            self.broadcast(frames.event("user-joined", here[user_id]))
        for user_id in before.keys() - here.keys():
            self.broadcast(frames.event("user-left", {"user": before[user_id]["user"]}))

    def _here(self) -> dict[str, Person]:
        people: dict[str, Person] = {}
        for state in self._remote.values():
            people |= state.people
        return people | self._mine
