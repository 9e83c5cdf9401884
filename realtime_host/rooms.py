"""A room: the members of one project on this host, and what they are told of who is here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from time import monotonic
from typing import NamedTuple

from lib.bridge.presence import HostState, Person
from realtime_host import frames, limits
from realtime_host.connection import Connection, State
from realtime_host.hub import Hub

NEVER = float("inf")

Item = tuple[bytes, str | None]  # a frame, and the key under which a newer one replaces it


class Elsewhere(NamedTuple):
    """Another host's people in a room, by their ids, and when this beat of it was heard."""

    people: dict[str, Person]
    beat: int
    at: float


class Room:
    """Owned by the hub thread.

    The frames of one pass are gathered here and go to each member in one send; presence is told as
    the difference between who was here when it was last told and who is here now.
    """

    def __init__(self, project_id: str, hub: Hub, dirty: set[Room]) -> None:
        self.project_id = project_id
        self.members: dict[Connection, None] = {}
        self.told: dict[str, Person] = {}  # who is here, as far as the members know
        self._mine: dict[str, Person] = {}  # this host's own people
        self._connected: Counter[str] = Counter()  # how many connections each of them has here
        self.settle_by = NEVER  # when to settle, even if nothing is learned of the other hosts
        self._hub = hub
        self._dirty = dirty  # the rooms that are to be flushed at the end of this pass
        self._remote: dict[str, Elsewhere] = {}  # by host
        self._frames: list[bytes] = []
        self._keys: list[str | None] = []  # of the same frames
        self._spoken: dict[Connection, list[int]] = {}  # which of them a member has sent

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

    def broadcast(
        self,
        frame: bytes,
        *,
        sender: Connection | None = None,
        key: str | None = None,
        without: Iterable[Connection] = (),
    ) -> None:
        """Tell every member, but for the sender and others, at the end of this pass."""
        for connection in without:
            self._take(connection)
        if sender:
            self._spoken.setdefault(sender, []).append(len(self._frames))
        self._frames.append(frame)
        self._keys.append(key)
        self._dirty.add(self)
        for connection in without:
            connection.taken = len(self._frames)

    def tell(self, connection: Connection, frame: bytes) -> None:
        """Tell one member, after all that the room was told before."""
        self._take(connection)
        connection.direct.append((frame, None))
        self._dirty.add(self)

    def flush(self) -> None:
        """Send every member what this pass has gathered."""
        everything, plain = b"".join(self._frames), []
        special: list[tuple[Connection, list[Item]]] = []
        for member in self.members:
            if member.taken or member.direct or member.outbox.waiting:
                self._take(member)
                special.append((member, member.direct))
                member.direct, member.taken = [], 0
            else:
                plain.append(member)
        frames, spoken = self._frames, self._spoken
        self._count(len(frames), len(self.members))
        self._frames, self._keys, self._spoken = [], [], {}
        write = self._hub.write  # it may lose a member, which tells the others in the next round
        for member in plain:
            own = spoken.get(member)
            if data := _without(frames, own) if own else everything:
                write(member, data)
        for member, items in special:
            self._send(member, items)

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

    def _count(self, told: int, members: int) -> None:
        figures = self._hub.figures
        figures.fanned_out += told
        figures.delivered += told * members
        if self._hub.read_at and told:
            figures.delivery.observe(monotonic() - self._hub.read_at, told * members)

    def _take(self, connection: Connection) -> None:
        start, own = connection.taken, self._spoken.get(connection, ())
        for index in range(start, len(self._frames)):
            if index not in own:
                connection.direct.append((self._frames[index], self._keys[index]))
        connection.taken = len(self._frames)

    def _send(self, connection: Connection, items: list[Item]) -> None:
        if connection.state is not State.OPEN or not items:
            return
        if connection.outbox.waiting:
            self._hub.hold(connection, items)
        else:
            self._hub.write(connection, b"".join([frame for frame, _ in items]))


def _without(frames: list[bytes], own: list[int]) -> bytes:
    others = frames.copy()
    for index in own:
        others[index] = b""
    return b"".join(others)
