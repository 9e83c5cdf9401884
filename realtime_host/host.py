"""The host: one process's real-time half, put together, started, and let go gracefully."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from time import monotonic, sleep

from lib import logs
from lib.bridge import docs, evictions, keys, presence, rooms
from lib.bridge.messages import Message
from lib.bridge.presence import HostState
from lib.errors import Unavailable
from lib.ids import new_text
from realtime_host import close_codes, frames, limits
from realtime_host.access_checks import AccessChecks
from realtime_host.catch_up import CatchUp
from realtime_host.connection import Connection, State
from realtime_host.conversation import Conversation
from realtime_host.hub import Hub
from realtime_host.lobby import Lobby
from realtime_host.presence import Presence
from realtime_host.protocol import Received
from realtime_host.publisher import Publisher
from realtime_host.seats import Seats, neighbourhood
from realtime_host.sender import announced
from realtime_host.socketio.porch import Porch
from realtime_host.subscriber import Subscriber
from realtime_host.work import Work
from realtime_host.yjs.desk import Desk
from realtime_host.yjs.editor import Editor


class Host:
    """It hears the hub (on the hub's thread) and Redis (on the subscriber's)."""

    def __init__(self) -> None:
        self.id = new_text()
        self.draining = False
        self.seats = Seats()
        self.porch = Porch(self.seats, self.join)
        self.hub = Hub(self)
        self._work = Work(self.hub)
        self._publisher = Publisher(self.id)
        self._presence = Presence(self.id, self._publisher, self._learned)
        self._subscriber = Subscriber(self._said, self._subscribed)
        self.lobby = Lobby(self.hub, self._presence, self._subscriber, CatchUp(self._work))
        self._access = AccessChecks(self.hub, self._work, self._role_changed)
        conversation = Conversation(self.hub, self.lobby, self._work, self._publisher)
        self.desk = Desk(self.hub, self._work, self._publisher, self._subscriber)
        self.said, self._heard = conversation.said, conversation.heard

    def start(self) -> None:
        """Start all threads; what use cases announce goes to this host's members first."""
        rooms.use(self.publish)
        docs.use(self.publish_change)
        self._work.start()
        for part in (self.hub, self.porch, self._publisher, self._presence, self._subscriber):
            part.start()
        logs.info("host.started", host_id=self.id)

    def join(self, connection: Connection) -> None:
        """Bring a new connection in; called by the thread that did its handshake."""
        others: dict[str, HostState] = {}
        if connection.project_id not in self.lobby.rooms and self._subscriber.up:
            try:
                others = self._presence.peek(connection.project_id)
            except Unavailable:
                logs.info("presence.unknown", project_id=connection.project_id)
        self.hub.call(self._join, connection, others)

    def open(self, editor: Editor) -> None:
        """Bring in somebody who opens a file; called by the thread that did the handshake."""
        self.hub.call(self._open, editor)

    def publish(self, project_id: str, message: Message) -> None:
        """Tell a room: this host's members now, whatever Redis does, then the other hosts."""
        mine = announced.get()
        if mine is None:
            self.hub.call(self.lobby.deliver, project_id, message)
        else:  # with the answer to it, so that nothing comes between
            mine.append((project_id, message))
        self._publisher.publish(keys.room(project_id), message)

    def publish_change(self, file_id: str, message: Message) -> None:
        """Tell the editors of a file of a change: this host's own now, then the other hosts."""
        self.hub.call(self.desk.told, file_id, message)
        self._publisher.publish(keys.doc(file_id), message)

    def drain(self) -> None:
        """Ask every client to come back a little later, close, and stop; returns when done."""
        self.draining = True
        started, count = monotonic(), len(self.hub.connections)
        self.hub.call(self._let_go)
        self.porch.stop()
        while self._busy() and monotonic() < started + limits.DRAIN:
            sleep(0.02)
        self._work.stop()
        self._presence.stop()
        for part in (self._publisher, self._subscriber, self.hub):
            part.stop()
        logs.info("host.drained", host_id=self.id, connections=count)

    def heard(self, connection: Connection, message: Received) -> None:
        """Handle what is no text."""
        if isinstance(connection, Editor):
            self.desk.heard(connection, message)
        else:
            self._heard(connection, message)

    def left(self, connection: Connection, code: int) -> None:
        """Handle the end of a connection."""
        if isinstance(connection, Editor):
            self.desk.leave(connection, code)
        else:
            self.lobby.leave(connection, code)
        self._access.unwatch(connection)
        self.seats.free(
            connection.user_id, connection.project_id, neighbourhood(connection.address)
        )

    def drained(self, connection: Connection) -> None:
        """Handle that a slow reader has taken all that waited."""
        self.lobby.drained(connection)

    def ticked(self, now: float) -> None:
        """Look at whatever depends on time."""
        self.lobby.ticked(now)
        self.desk.ticked(now)
        self._access.ticked(now)

    def flush(self) -> None:
        """Send what this pass of the hub has gathered."""
        self.lobby.flush()
        self.desk.flush()
        self._publisher.flush()

    def _join(self, connection: Connection, others: dict[str, HostState]) -> None:
        self.hub.attach(connection)
        self.lobby.enter(connection, others, monotonic())
        self._access.watch(connection)
        if self.draining:
            self._send_away(connection)

    def _open(self, editor: Editor) -> None:
        self.hub.attach(editor)
        self.desk.enter(editor, editor.visitor.standing.seq)
        self._access.watch(editor)
        if self.draining:
            self._send_away(editor)

    def _busy(self) -> bool:
        return bool(self.hub.connections) or self.desk.saving

    def _said(self, channel: str, message: Message) -> None:
        if channel.startswith(keys.ACCESS_PREFIX):
            if message.type == evictions.ACCESS_CHANGED:
                user_id = channel.removeprefix(keys.ACCESS_PREFIX)
                self.hub.call(self._access.changed, user_id, _age(message))
        elif message.origin == self.id:
            return
        elif channel.startswith(keys.DOC_PREFIX):
            self.hub.call(self.desk.told, channel.removeprefix(keys.DOC_PREFIX), message)
        else:
            project_id = channel.removeprefix(keys.ROOM_PREFIX)
            if message.type == presence.PRESENCE_CHANGED:
                self._presence.look(project_id)
            else:
                self.hub.call(self.lobby.deliver, project_id, message)

    def _subscribed(self, channel: str) -> None:
        if channel.startswith(keys.DOC_PREFIX):
            self.hub.call(self.desk.subscribed, channel.removeprefix(keys.DOC_PREFIX))
            return
        project_id = channel.removeprefix(keys.ROOM_PREFIX)
        self._presence.look(project_id)
        self.hub.call(self.lobby.look, project_id)

    def _learned(self, project_id: str, others: dict[str, HostState]) -> None:
        self.hub.call(self.lobby.learn, project_id, others, monotonic())

    def _role_changed(self, connection: Connection, role: str) -> None:
        self.lobby.change_role(connection, role)
        if isinstance(connection, Editor):
            self.desk.ask(connection)

    def _let_go(self) -> None:
        for connection in tuple(self.hub.connections):
            if connection.state is State.OPEN:
                self._send_away(connection)

    def _send_away(self, connection: Connection) -> None:
        later = {"after_ms": random.randrange(limits.RECONNECT_SPREAD)}
        self.lobby.tell(connection, frames.event("reconnect", later))
        self.hub.close(connection, close_codes.RESTART)


def _age(message: Message) -> float:
    said = datetime.fromisoformat(message.at)
    return max(0.0, (datetime.now(UTC) - said).total_seconds())  # the clocks of hosts may differ
