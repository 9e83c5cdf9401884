"""All rooms of this host: who enters and leaves, and what reaches which room."""

from __future__ import annotations

from time import monotonic

from lib import logs
from lib.bridge.messages import Message
from lib.bridge.presence import HostState
from realtime_host import frames, limits
from realtime_host.connection import Connection
from realtime_host.hub import Hub
from realtime_host.presence import Presence
from realtime_host.rooms import Room, person_of
from realtime_host.subscriber import Subscriber


class Lobby:
    """Owned by the hub thread. A room exists while this host holds a member of it."""

    def __init__(self, hub: Hub, presence: Presence, subscriber: Subscriber) -> None:
        self.rooms: dict[str, Room] = {}
        self._hub = hub
        self._presence = presence
        self._subscriber = subscriber
        self._dirty: set[Room] = set()

    def enter(self, connection: Connection, others: dict[str, HostState], now: float) -> None:
        """Bring a new connection into its room; `others` are the other hosts' people, if known."""
        room = self.rooms.get(connection.project_id)
        if room is None:
            room = Room(connection.project_id, self._hub, self._dirty)
            self.rooms[connection.project_id] = room
            self._subscriber.join(room.project_id)
            room.learn(others, now)
        room.enter(connection)
        room.tell(connection, frames.event("welcome", _welcome(connection, room)))
        self._presence.hold(room.project_id, room.local_people())
        logs.info("room.joined", **_ids(connection), role=connection.role)

    def leave(self, connection: Connection, code: int) -> None:
        """Take a connection out of its room."""
        room = self.rooms.get(connection.project_id)
        if room is None or connection not in room.members:
            return
        room.leave(connection)
        self._presence.hold(room.project_id, room.local_people())
        if not room.members:
            del self.rooms[room.project_id]
            self._dirty.discard(room)
            self._subscriber.leave(room.project_id)
        elif self._subscriber.up:  # the person may have just come in on another host: look first
            room.settle_by = monotonic() + limits.SETTLE_WITHIN
            self._presence.look(room.project_id)
        else:
            room.settle()
        logs.info("room.left", **_ids(connection), code=code)

    def deliver(self, project_id: str, message: Message, sender: Connection | None) -> None:
        """Tell a room's members, but for the sender, what was said on its channel."""
        if room := self.rooms.get(project_id):
            key = person_of(message.data) if message.type == "cursor-update" else None
            room.broadcast(frames.of_message(message), sender=sender, key=key)

    def learn(self, project_id: str, others: dict[str, HostState], now: float) -> None:
        """Take in whom the other hosts hold in a room."""
        if room := self.rooms.get(project_id):
            room.learn(others, now)

    def tell(self, connection: Connection, frame: bytes) -> None:
        """Tell one member something, in order with what its room is told."""
        room = self.rooms.get(connection.project_id)
        if room and connection in room.members:
            room.tell(connection, frame)

    def change_role(self, connection: Connection, role: str) -> None:
        """Let somebody do what their new role allows, and tell them so."""
        connection.role = role
        if room := self.rooms.get(connection.project_id):
            room.settle()
            self._presence.hold(room.project_id, room.local_people())
            change = {"user_id": connection.user_id, "role": role}
            room.tell(connection, frames.event("member-updated", change))
        logs.info("room.role-changed", **_ids(connection), role=role)

    def ticked(self, now: float) -> None:
        """Let go the people of hosts that have died."""
        for room in tuple(self.rooms.values()):
            if room.shared or now >= room.settle_by:
                room.forget_silent(now)

    def flush(self) -> None:
        """Send what the rooms have gathered; losing a reader meanwhile gathers some more."""
        while self._dirty:
            self._dirty.pop().flush()


def _welcome(connection: Connection, room: Room) -> dict[str, object]:
    project = connection.visitor.project
    return {
        "connection_id": connection.id,
        "user": connection.user,
        "role": connection.role,
        "project": {"id": connection.project_id, "name": project["name"]},
        "people": list(room.told.values()),
        "limits": {
            "frame_bytes": limits.FRAME_BYTES,
            "messages_per_second": limits.MESSAGES_PER_SECOND,
            "burst": limits.BURST,
            "queue_bytes": limits.QUEUE_BYTES,
            "ping_seconds": limits.PING_EVERY,
        },
    }


def _ids(connection: Connection) -> dict[str, str]:
    return {
        "connection_id": connection.id,
        "user_id": connection.user_id,
        "project_id": connection.project_id,
        "request_id": connection.visitor.caller.origin.request_id,
    }
