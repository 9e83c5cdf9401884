"""A room: the members of one project on this host, and what they are told of who is here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lib.bridge.presence import HostState, Person
from realtime_host import frames, limits
from realtime_host.connection import Connection, State
from realtime_host.hub import Hub

NEVER = float("inf")

Item = tuple[bytes, str | None]  # a frame, and the key under which a newer one replaces it


class Room:
    """Owned by the hub thread.

    The frames of one pass are gathered here and go to each member in one send; presence is told as
    the difference between who was here when it was last told and who is here now.
    """

    def __init__(self, project_id: str, hub: Hub, dirty: set[Room]) -> None:
        self.project_id = project_id
        self.members: dict[Connection, None] = {}
        self.told: dict[str, Person] = {}  # who is here, as far as the members know
        self.settle_by = NEVER  # when to settle, even if nothing is learned of the other hosts
        self._hub = hub
        self._dirty = dirty  # the rooms that are to be flushed at the end of this pass
        self._remote: dict[str, tuple[HostState, float]] = {}  # by host, and when it last beat
        self._items: list[Item] = []
        self._senders: list[Connection | None] = []

    @property
    def shared(self) -> bool:
        """Whether another host holds people of this room too."""
        return bool(self._remote)

    def local_people(self) -> list[Person]:
        """Return this host's own people, each once."""
        return list({member.user_id: member.person for member in self.members}.values())

    def enter(self, connection: Connection) -> None:
        """Add a member, and tell the others when that brings somebody new."""
        self.members[connection] = None
        connection.taken = len(self._items)
        self.settle()
        connection.taken = len(self._items)

    def leave(self, connection: Connection) -> None:
        """Remove a member; whether that takes somebody away shows when the room settles."""
        self.members.pop(connection, None)

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
        self._items.append((frame, key))
        self._senders.append(sender)
        self._dirty.add(self)
        for connection in without:
            connection.taken = len(self._items)

    def tell(self, connection: Connection, frame: bytes) -> None:
        """Tell one member, after all that the room was told before."""
        self._take(connection)
        connection.direct.append((frame, None))
        self._dirty.add(self)

    def flush(self) -> None:
        """Send every member what this pass has gathered."""
        items, senders = self._items, set(self._senders)
        everything = b"".join([frame for frame, _ in items])
        special: list[tuple[Connection, list[Item]]] = []
        plain: list[Connection] = []
        for member in self.members:
            if member.taken or member.direct or member in senders or member.outbox.waiting:
                self._take(member)
                special.append((member, member.direct))
                member.direct, member.taken = [], 0
            else:
                plain.append(member)
        self._items, self._senders = [], []
        for member in plain:  # sending may lose a member, which tells the others in the next round
            self._hub.write(member, everything)
        for member, own in special:
            self._send(member, own)

    def learn(self, states: dict[str, HostState], now: float) -> None:
        """Take in what the other hosts say of their people."""
        for host_id, state in states.items():
            known = self._remote.get(host_id)
            if known is None or known[0].beat != state.beat:
                self._remote[host_id] = (state, now)
        self.forget_silent(now)

    def forget_silent(self, now: float) -> None:
        """Let go the people of hosts that have left, or have been silent for too long."""
        silent_since = now - limits.PRESENCE_TTL
        for host_id, (state, beat_at) in list(self._remote.items()):
            if not state.people or beat_at < silent_since:
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
        for state, _ in self._remote.values():
            people |= {person["user"]["id"]: person for person in state.people}
        return people | {person["user"]["id"]: person for person in self.local_people()}

    def _take(self, connection: Connection) -> None:
        start = connection.taken
        for item, sender in zip(self._items[start:], self._senders[start:], strict=True):
            if sender is not connection:
                connection.direct.append(item)
        connection.taken = len(self._items)

    def _send(self, connection: Connection, items: list[Item]) -> None:
        if connection.state is not State.OPEN or not items:
            return
        if connection.outbox.waiting:
            self._hub.hold(connection, items)
        else:
            self._hub.write(connection, b"".join([frame for frame, _ in items]))


def person_of(data: dict[str, Any]) -> str | None:
    """Return the id of the person whom an event is about, if it names one."""
    user = data.get("user")
    return user.get("id") if isinstance(user, dict) else None
