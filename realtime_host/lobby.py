"""All rooms of this host: who enters and leaves, and what reaches which room."""

from __future__ import annotations

from time import monotonic

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message
from lib.bridge.presence import HostState
from lib.bridge.rooms import CURSORS_SHOWN, JOB_LOG, JOB_UPDATED
from realtime_host import bounds, frames, limits
from realtime_host.audience import Audience
from realtime_host.catch_up import CatchUp
from realtime_host.connection import Connection
from realtime_host.hub import Hub
from realtime_host.log import Log, progress_key
from realtime_host.presence import Presence
from realtime_host.rooms import Room
from realtime_host.subscriber import Subscriber


class Lobby:
    """Owned by the hub thread. A room exists while this host holds a member of it."""

    def __init__(
        self, hub: Hub, presence: Presence, subscriber: Subscriber, catch_up: CatchUp
    ) -> None:
        self.rooms: dict[str, Room] = {}
        self.logs: dict[str, Log] = {}  # of the same rooms
        self._catch_up = catch_up
        self._hub = hub
        self._presence = presence
        self._subscriber = subscriber
        self._dirty: set[Audience] = set()

    def enter(self, connection: Connection, others: dict[str, HostState], now: float) -> None:
        """Bring a new connection into its room; `others` are the other hosts' people, if known."""
        room = self.rooms.get(connection.project_id) or self._open(connection, others, now)
        log, standing = self.logs[room.project_id], connection.visitor.standing
        room.enter(connection)
        room.tell(connection, frames.event("welcome", _welcome(connection, room, log)))
        if reason := connection.visitor.resync_for:
            room.tell(connection, frames.event("resync-required", {"reason": reason}))
        log.enter(connection)
        if standing.epoch != log.epoch:
            self._catch_up.look(log)
        else:
            log.expect(standing.seq)
        self._presence.hold(room.project_id, room.local_people())
        logs.info("room.joined", **_ids(connection), role=connection.role)

    def leave(self, connection: Connection, code: int) -> None:
        """Take a connection out of its room."""
        room = self.rooms.get(connection.project_id)
        if room is None or connection not in room.members:
            return
        room.leave(connection)
        self.logs[room.project_id].leave(connection)
        self._presence.hold(room.project_id, room.local_people())
        if not room.members:
            del self.rooms[room.project_id], self.logs[room.project_id]
            self._dirty.discard(room)
            self._subscriber.leave(keys.room(room.project_id))
        elif self._subscriber.up:  # the person may have just come in on another host: look first
            room.settle_by = monotonic() + limits.SETTLE_WITHIN
            self._presence.look(room.project_id)
        else:
            room.settle()
        logs.info("room.left", **_ids(connection), code=code)

    def deliver(self, project_id: str, message: Message) -> None:
        """Tell a room's members what was said on its channel; what is in the log, in its order."""
        if room := self.rooms.get(project_id):
            if message.seq:
                self.logs[project_id].arrived(message)
            elif message.type == CURSORS_SHOWN:
                for user_id, shown in message.data["cursors"]:
                    room.broadcast(frames.whole(shown.encode()), key=user_id)
            else:
                room.broadcast(frames.of_message(message), key=_key(message))

    def answer(self, connection: Connection, message: Message | None, frame: bytes) -> None:
        """Give a member the answer to something of theirs, and the others its event, if any."""
        room = self.rooms.get(connection.project_id)
        if room and connection in room.members:
            self.logs[room.project_id].answered(connection, message, frame)
        elif message:
            self.deliver(connection.project_id, message)

    def look(self, project_id: str) -> None:
        """Find out what a room may have missed until it was listened to."""
        if log := self.logs.get(project_id):
            self._catch_up.look(log)

    def drained(self, connection: Connection) -> None:
        """Go on with a member who was too slow for what they had missed."""
        if log := self.logs.get(connection.project_id):
            log.continue_with(connection)

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
        room = self.rooms.get(connection.project_id)
        if room and connection in room.members:
            room.renew(connection)
            room.settle()
            self._presence.hold(room.project_id, room.local_people())
            change = {"user_id": connection.user_id, "role": role}
            room.tell(connection, frames.event("member-updated", change))
        logs.info("room.role-changed", **_ids(connection), role=role)

    def ticked(self, now: float) -> None:
        """Let go the people of hosts that have died, and look for what rooms have missed."""
        for room in tuple(self.rooms.values()):
            if room.shared or now >= room.settle_by:
                room.forget_silent(now)
        self._catch_up.ticked(tuple(self.logs.values()), now, redis_is_up=self._subscriber.up)

    def flush(self) -> None:
        """Send what the rooms have gathered; losing a reader meanwhile gathers some more."""
        while self._dirty:
            self._dirty.pop().flush()

    def _open(self, connection: Connection, others: dict[str, HostState], now: float) -> Room:
        room = Room(connection.project_id, self._hub, self._dirty)
        self.rooms[room.project_id] = room
        self.logs[room.project_id] = Log(
            room, connection.visitor.standing, self._catch_up, self._hub
        )
        self._subscriber.join(keys.room(room.project_id))
        room.learn(others, now)
        return room


def _key(message: Message) -> str | None:
    if message.type == JOB_LOG:  # who is too slow for some of it reads it over REST
        return f"log:{message.data.get('job_id')}"
    return progress_key(message) if message.type == JOB_UPDATED else None


def _welcome(connection: Connection, room: Room, log: Log) -> dict[str, object]:
    visitor, seq = connection.visitor, connection.resumed_from
    project = visitor.project
    resumed = None if visitor.asked is None else seq is not None
    return {
        "connection_id": connection.id,
        "user": connection.user,
        "role": connection.role,
        "project": {"id": connection.project_id, "name": project["name"]},
        "people": list(room.told.values()),
        "log": {"epoch": log.epoch, "seq": log.seq if seq is None else seq, "resumed": resumed},
        "limits": bounds.shown(),
    }


def _ids(connection: Connection) -> dict[str, str]:
    return {
        "connection_id": connection.id,
        "user_id": connection.user_id,
        "project_id": connection.project_id,
        "request_id": connection.visitor.caller.origin.request_id,
    }
